/** Identities from a seed, right in their check digits and nobody's. Secrets are put together here so that no file holds one. */

export interface Sample {
  readonly detector: string;
  readonly value: string;
  /** A sentence, log line or record with the value in it. */
  readonly text: string;
}

type Pick = (n: number) => number;

/** A small generator (mulberry32): the same seed gives the same corpus everywhere. */
export function generator(seed: number): Pick {
  let a = seed >>> 0;
  return (n) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const from = (pick: Pick, list: readonly string[]): string => list[pick(list.length)] ?? '';
const digits = (pick: Pick, n: number): string => Array.from({ length: n }, () => pick(10)).join('');
const chars = (pick: Pick, n: number, alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'): string => Array.from({ length: n }, () => alphabet.charAt(pick(alphabet.length))).join('');

function withLuhn(body: string): string {
  let sum = 0;
  for (let i = 0; i < body.length; i++) {
    const d = Number(body[body.length - 1 - i]);
    sum += i % 2 === 0 ? (d * 2 > 9 ? d * 2 - 9 : d * 2) : d;
  }
  return body + String((10 - (sum % 10)) % 10);
}

function iban(pick: Pick): string {
  const kinds: readonly (readonly [string, string])[] = [
    ['DE', digits(pick, 18)],
    ['NL', chars(pick, 4, 'ABCDEFGH') + digits(pick, 10)],
    ['GB', chars(pick, 4, 'ABCDEFGH') + digits(pick, 14)],
    ['AT', digits(pick, 16)],
  ];
  const [code, account] = kinds[pick(kinds.length)] ?? ['DE', digits(pick, 18)];
  const numeric = Array.from(`${account}${code}00`, (c) => (/[A-Z]/.test(c) ? String(c.charCodeAt(0) - 55) : c)).join('');
  return `${code}${String(98n - (BigInt(numeric) % 97n)).padStart(2, '0')}${account}`;
}

const FIRST = ['anna', 'bob', 'carlos', 'dina', 'erik', 'fatima', 'greta', 'hugo'];
const LAST = ['novak', 'smith', 'garcia', 'olsen', 'khan', 'weber', 'rossi', 'tanaka'];
const DOMAINS = ['example.com', 'example.org', 'mail.example.net', 'example.co.uk', 'test.example'];
const FRAMES = ['%', 'value: %', 'INFO user said "%" today', '(%)', 'a,b,%,c', '<td>%</td>', 'note;%;end', 'see %.'];

const MAKERS: Readonly<Record<string, (pick: Pick) => string>> = {
  email: (p) => `${from(p, FIRST)}${from(p, ['.', '_', '', '+x.'])}${from(p, LAST)}${p(100)}@${from(p, DOMAINS)}`,
  phone: (p) => from(p, [`+${1 + p(9)}${digits(p, 10)}`, `+44 20 ${digits(p, 4)} ${digits(p, 4)}`, `(${2 + p(8)}${digits(p, 2)}) 555-${digits(p, 4)}`, `${2 + p(8)}${digits(p, 2)}-555-${digits(p, 4)}`, `0${1 + p(9)} ${digits(p, 2)} ${digits(p, 2)} ${digits(p, 2)} ${digits(p, 2)}`]),
  card: (p) => {
    const number = from(p, [withLuhn(`4${digits(p, 14)}`), withLuhn(`5${1 + p(5)}${digits(p, 13)}`), withLuhn(`37${digits(p, 12)}`), withLuhn(`6011${digits(p, 11)}`)]);
    const separator = from(p, ['', ' ', '-']);
    return number.length === 15 ? [number.slice(0, 4), number.slice(4, 10), number.slice(10)].join(separator) : (number.match(/.{4}/g) ?? []).join(separator);
  },
  iban: (p) => (p(2) === 0 ? iban(p) : (iban(p).match(/.{1,4}/g) ?? []).join(' ')),
  ssn: (p) => `${100 + p(560)}-${10 + p(89)}-${1000 + p(8999)}`,
  nino: (p) => `${chars(p, 1, 'ABCEHJLMOPRSWXY')}${chars(p, 1, 'CEHJPRSWXYZ')}${digits(p, 6)}${chars(p, 1, 'ABCD')}`,
  pesel: (p) => {
    const body = `${digits(p, 2)}${String(1 + p(12)).padStart(2, '0')}${String(1 + p(28)).padStart(2, '0')}${digits(p, 4)}`;
    const sum = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3].reduce((n, w, i) => n + w * Number(body[i]), 0);
    return body + String((10 - (sum % 10)) % 10);
  },
  dni: (p) => {
    const body = digits(p, 8);
    return body + 'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(Number(body) % 23);
  },
  aws_key: (p) => `AKIA${chars(p, 16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`,
  github_token: (p) => `gh${from(p, ['p', 'o', 's'])}_${chars(p, 36)}`,
  slack_token: (p) => `xox${from(p, ['b', 'p'])}-${digits(p, 11)}-${chars(p, 24)}`,
  jwt: (p) => `eyJ${chars(p, 20)}.eyJ${chars(p, 40)}.${chars(p, 43)}`,
};

/** `count` samples of each kind. */
export function samples(seed: number, count: number): readonly Sample[] {
  const pick = generator(seed);
  return Object.entries(MAKERS).flatMap(([detector, make]) =>
    Array.from({ length: count }, () => {
      const value = make(pick);
      return { detector, value, text: from(pick, FRAMES).replace('%', () => value) };
    }),
  );
}

/** Harmless texts of the kinds that databases are full of. */
export function harmless(seed: number, count: number): readonly string[] {
  const p = generator(seed);
  const two = (n: number): string => String(n).padStart(2, '0');
  const kinds: readonly (() => string)[] = [
    () => `20${two(p(30))}-${two(1 + p(12))}-${two(1 + p(28))} ${two(p(24))}:${two(p(60))}:${two(p(60))}.${digits(p, 6)}+00`,
    () => `${two(1 + p(28))}.${two(1 + p(12))}.20${two(p(30))} ${two(p(24))}:${two(p(60))}`,
    () => String(1_600_000_000 + p(200_000_000)),
    () => `${1_600_000_000 + p(200_000_000)}${digits(p, 3)}`,
    () => `ORD-${digits(p, 8)}`,
    () => `order ${1 + p(9)}${digits(p, 9)}`,
    () => `${chars(p, 8, '0123456789abcdef')}-${chars(p, 4, '0123456789abcdef')}-4${chars(p, 3, '0123456789abcdef')}-a${chars(p, 3, '0123456789abcdef')}-${chars(p, 12, '0123456789abcdef')}`,
    () => `${1 + p(999)}.${digits(p, 2)} EUR, ${p(100)} %`,
    () => `v${p(20)}.${p(20)}.${p(5000)}`,
    () => `${1 + p(254)}.${p(255)}.${p(255)}.${p(255)}`,
    () => chars(p, 64, '0123456789abcdef'),
    () => `${p(90)}.${digits(p, 6)}, -${p(180)}.${digits(p, 6)}`,
    () => `INFO [w-${p(9)}] request id=${digits(p, 6)} path=/orders/${digits(p, 5)} status=200 took ${p(999)} ms`,
    () => `${from(p, FIRST)} ${from(p, LAST)}, ${p(200)} Main Street, ${digits(p, 5)} Springfield`,
  ];
  return Array.from({ length: count }, (_, i) => kinds[i % kinds.length]?.() ?? '');
}

/** A line that programs print or keep, with one secret in it. */
export interface SecretLine {
  readonly before: string;
  readonly value: string;
  readonly after: string;
}

const HEX = '0123456789abcdef';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Tokens by the first characters that their issuers give them. */
function issued(p: Pick): readonly string[] {
  return [
    ...['glpat', 'glptt', 'gldt', 'glrt', 'glcbt', 'glsoat', 'glft', 'glimt', 'glagent', 'gloas'].map((head) => `${head}-${chars(p, 20)}`),
    `github_pat_${chars(p, 22)}_${chars(p, 59)}`, `ABIA${chars(p, 16, BASE32)}`, `xapp-1-A0${chars(p, 9)}-${digits(p, 12)}-${chars(p, 64, HEX)}`, `${from(p, ['s', 'r'])}k_live_${chars(p, 24)}`, `whsec_${chars(p, 32)}`,
    `npm_${chars(p, 36)}`, `pypi-AgEIcHlwaS5vcmc${chars(p, 80)}`, `dckr_pat_${chars(p, 27)}`, `HRKU-AA${chars(p, 58)}`, `${chars(p, 3)}8Q~${chars(p, 34)}`, `ya29.${chars(p, 60)}`, `GOCSPX-${chars(p, 28)}`,
    `sk-proj-${chars(p, 48)}`, `sk-ant-api03-${chars(p, 95)}`, `gsk_${chars(p, 52)}`, `xai-${chars(p, 80)}`, `pplx-${chars(p, 48)}`, `hf_${chars(p, 34)}`, `r8_${chars(p, 37)}`, `SG.${chars(p, 22)}.${chars(p, 43)}`,
    `${1 + p(9)}${digits(p, 8)}:AA${chars(p, 33)}`, `bot${1 + p(9)}${digits(p, 8)}:AA${chars(p, 33)}`, `AGE-SECRET-KEY-1${chars(p, 58, 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L')}`, `dop_v1_${chars(p, 64, HEX)}`, `shpat_${chars(p, 32, HEX)}`, `sq0atp-${chars(p, 22)}`,
    `hvs.${chars(p, 90)}`, `${chars(p, 14)}.atlasv1.${chars(p, 64)}`, `ATATT3xFfGF0${chars(p, 180)}`, `ATBB${chars(p, 32)}`, `AKCp${chars(p, 69)}`, `LTAI${chars(p, 20)}`, `glsa_${chars(p, 32)}_${chars(p, 8, HEX)}`, `lin_api_${chars(p, 40)}`,
    `ntn_${chars(p, 46)}`, `dp.pt.${chars(p, 43)}`, `NRAK-${chars(p, 27, BASE32)}`, `pscale_tkn_${chars(p, 43)}`, `PMAK-${chars(p, 24, HEX)}-${chars(p, 34, HEX)}`, `pul-${chars(p, 40, HEX)}`, `rubygems_${chars(p, 48, HEX)}`, `sntryu_${chars(p, 64, HEX)}`,
    `fm2_lJPE${chars(p, 100)}`, `dt0c01.${chars(p, 24, BASE32)}.${chars(p, 64, BASE32)}`, `ops_eyJ${chars(p, 250)}`, `figd_${chars(p, 40)}`, `sbp_${chars(p, 40, HEX)}`, `tskey-auth-${chars(p, 12)}-${chars(p, 32)}`, `key-${chars(p, 32, HEX)}`,
    `${chars(p, 32, HEX)}-us12`, `M${chars(p, 25)}.${chars(p, 6)}.${chars(p, 38)}`, `xoxb-${digits(p, 12)}-${chars(p, 24)}`,
    `SK${chars(p, 32, HEX)}`, `AC${chars(p, 32, HEX)}`, `AC${chars(p, 32, HEX)}:${chars(p, 32, HEX)}`, `dapi${chars(p, 32, HEX)}`, `dapi${chars(p, 32, HEX)}-2`, `pat${chars(p, 14)}.${chars(p, 64, HEX)}`,
  ];
}

/** One or more of each kind that `secrets.ts` and its neighbours know. */
export function secretLines(seed: number): readonly SecretLine[] {
  const p = generator(seed);
  const word = `${chars(p, 1, 'abcdef')}${chars(p, 9)}7x`;
  const base64 = (n: number): string => `${chars(p, n)}=`;
  const key = Buffer.from(`${['-----BEGIN RSA', 'PRIVATE KEY-----'].join(' ')}\n${chars(p, 640)}\n`).toString('base64');
  const line = (before: string, value: string, after = ''): SecretLine => ({ before, value, after });
  return [
    ...issued(p).map((value) => line('value ', value, ' end')),
    line('    client-key-data: ', key), line('  tls.key: ', key), line('machine api.example.com login bob password ', word), line('  login bob password ', word), line('\tpassword ', word),
    line('$ curl -u bob:', word, ' https://example.com'), line("$ curl -sS --user='bob:", word, "' https://example.com"), line('  12 ?  sshpass -p ', word, ' ssh web1'), line('mysql -h db -u root -p', word, ' shop'), line('redis-cli -h db -a ', word, ' ping'), line('ldapsearch -x -D cn=admin -w ', word), line('sqlplus scott/', word, '@orcl'), line('tool --password ', word, ' run'), line('tool --api-key ', word, ' run'),
    line('userPassword: {SSHA}', base64(31)), line('bob:{SHA}', base64(27)), line('userPassword:: ', base64(43)), line('', `SCRAM-SHA-256$4096:${base64(23)}$${base64(43)}:${base64(43)}`), line('root | ', `*${chars(p, 40, HEX).toUpperCase()}`),
    line('DB_PASS=', word), line('"dbPass": "', word, '"'), line('smtp_pass: ', word), line('MYSQL_PWD=', word), line('MYSQL_PWD=', `/${word}`), line('PresharedKey = ', base64(43)), line('  psk="', word, '"'), line('APP_KEY=', `base64:${base64(43)}`), line('SECRET_KEY_BASE=', chars(p, 128, HEX)), line('credentials=', chars(p, 30)), line('TOKEN_B64: ', base64(43)), line('db-password-base64: ', base64(43)),
    line('<password>', word, '</password>'), line('<property name="password" value="', word, '"/>'), line('<add key="ApiToken" value="', word, '" />'), line('  "auth": "', Buffer.from(`bob:${word}`).toString('base64'), '"'), line('//registry.example.com/:_auth=', Buffer.from(`bob:${word}`).toString('base64')),
    line('https://x.blob.example.net/c?sv=2022&sp=r&sig=', `${chars(p, 40)}%3D`), line('https://b.s3.example.com/k?X-Amz-Algorithm=a&X-Amz-Signature=', chars(p, 64, HEX)), line('https://hooks.slack.com/services/', `T${chars(p, 8)}/B${chars(p, 8)}/${chars(p, 24)}`),
    line('db.example.com:5432:shop:app:', word), line('*:*:*:app:', word), line('dsn app:', word, '@tcp(127.0.0.1:3306)/shop'), line('enable password 7 ', chars(p, 12, '0123456789ABCDEF')), line('redis://:', word, '@db:6379/0'), line('AccountName=x;AccountKey=', `${chars(p, 86)}==`, ';EndpointSuffix=example.net'),
    line(' app     | ', `md5${chars(p, 32, HEX)}`, ' |'), line('"app" "', `md5${chars(p, 32, HEX)}`, '"'), line('requirepass ', 'foobared'), line('  requirepass "', word, '"'), line('sentinel auth-pass shop ', word), line('redis-server --requirepass ', word, ' --port 6380'), line('CONFIG SET requirepass ', word),
    line('Set-Cookie: JSESSIONID=', chars(p, 32, HEX), '; Path=/; HttpOnly'), line('< set-cookie: connect.sid=', `s%3A${chars(p, 32)}.${chars(p, 40)}`, '; Path=/'), line('Cookie: lang=en-US; theme=dark12345; sessionid=', chars(p, 32), '; _ga=GA1.2.123.456'), line("curl -H 'Cookie: csrftoken=", chars(p, 32), "' https://example.com"), line('"cookie": "auth_token=', chars(p, 40, HEX), '"'),
  ];
}
