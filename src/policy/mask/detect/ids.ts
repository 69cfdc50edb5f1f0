/** The detectors' names, as `classification.yaml` spells them. */

export const singleDetectors = [
  'email',
  'phone',
  'card',
  'iban',
  'ssn',
  'nino',
  'pesel',
  'dni',
  'cpf',
  'aadhaar',
  'nir',
  'jwt',
  'aws_key',
  'github_token',
  'slack_token',
  'vendor_token',
  'private_key',
  'secret',
  'password',
  'ipv4',
] as const;

export type DetectorId = (typeof singleDetectors)[number];

/** Names that stand for several detectors. */
export const detectorGroups: Readonly<Record<string, readonly DetectorId[]>> = {
  national_id: ['ssn', 'nino', 'pesel', 'dni', 'cpf', 'aadhaar', 'nir'],
  nie: ['dni'],
  token: ['jwt', 'aws_key', 'github_token', 'slack_token', 'vendor_token', 'private_key', 'secret'],
};

/** Every name that `detectors:` of a data class may hold. */
export const detectorNames: readonly string[] = [...singleDetectors, ...Object.keys(detectorGroups)];

/** The detectors a name stands for, or undefined for an unknown name. */
export function expandDetector(name: string): readonly DetectorId[] | undefined {
  const single = singleDetectors.find((id) => id === name);
  if (single !== undefined) return [single];
  return Object.hasOwn(detectorGroups, name) ? detectorGroups[name] : undefined;
}

/** One value found in a text; `end` is exclusive. */
export interface Hit {
  readonly start: number;
  readonly end: number;
  readonly detector: DetectorId;
}

/** What the name of a column or JSON key says about its values. */
export interface NameHints {
  readonly phone: boolean;
  readonly card: boolean;
  readonly nationalId: boolean;
  readonly password: boolean;
  readonly secret: boolean;
}

export const noHints: NameHints = { phone: false, card: false, nationalId: false, password: false, secret: false };

const PHONE = /phone|mobile|(?:^|_)(?:tel|cell|fax|msisdn|whatsapp|sms)(?:$|_)/;
const CARD = /card|(?:^|_)(?:pan|cc)(?:$|_)/;
const NATIONAL = /ssn|social_?sec|aadhaar|pesel|nino|national_?(?:id|ins)|passport|tax_?id|cpf|dni|nir(?:$|_)/;
const PASSWORD = /(?:^|_)(?:password|passwd|pwd|passphrase|passcode)$/;
const SECRET = /(?:^|_)(?:secret|secret_?key|api_?key|access_?key|private_?key|access_?token|refresh_?token|auth_?token|id_?token|bearer_?token|session_?token|client_?secret|token|authorization)$/;

/** The same few keys come back in every row of JSON. */
const known = new Map<string, NameHints>();
const KNOWN_MAX = 1_000;

/** Hints from a name in any of snake_case, kebab-case and camelCase. */
export function hintsOf(name: string): NameHints {
  const found = known.get(name);
  if (found !== undefined) return found;
  const hints = readHints(name);
  if (known.size < KNOWN_MAX && name.length <= 64) known.set(name, hints);
  return hints;
}

function readHints(name: string): NameHints {
  const snake = name
    .slice(0, 128)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  return { phone: PHONE.test(snake), card: CARD.test(snake), nationalId: NATIONAL.test(snake), password: PASSWORD.test(snake), secret: SECRET.test(snake) };
}
