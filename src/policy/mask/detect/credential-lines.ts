/** Passwords that no name and sign stand before: in arguments of commands, and in files of lines that programs sign in with. */
import { RE2JS } from 're2js';
import type { Hit } from './ids.ts';
import { each } from './locate.ts';

interface Rule {
  readonly pattern: RE2JS;
  /** Has to be there, and costs less. */
  readonly cheap: RegExp;
  readonly accept: (value: string) => boolean;
}

const VARIABLE = /^(?:\$|\*+$|<|%|\.\.\.)/;
const some = (value: string): boolean => value.length >= 3 && !VARIABLE.test(value);
/** Not a word of a sentence: a digit or a sign in it, or capitals behind small letters. */
const unlikeWord = (value: string): boolean => some(value) && /[0-9]|[^A-Za-z][A-Za-z]|[a-z][A-Z]/.test(value.replace(/[.,:;!?]+$/, '')) && !/^[A-Z][A-Z_-]*$|^-/.test(value);
/** Between a command and the option that matters. */
const ON = '(?:[ \\t][^|;\\n]*?)?[ \\t]';
const QUOTE = `["']?`;

const REDIS = /requirepass|auth-pass/i;

const RULES: readonly Rule[] = [
  { pattern: RE2JS.compile(`\\bcurl${ON}(?:-[A-Za-z]{0,8}[uU]|--user|--proxy-user)[ =]?${QUOTE}[^\\s:"']+:([^\\s"']+)`), cheap: /\bcurl\s/, accept: some },
  { pattern: RE2JS.compile(`\\bsshpass${ON}-p[ \\t]*${QUOTE}([^\\s"']+)`), cheap: /\bsshpass\s/, accept: some },
  { pattern: RE2JS.compile(`\\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump|mariadb-admin)${ON}-p${QUOTE}([^\\s"']+)`), cheap: /\bm(?:ysql|ariadb)/, accept: some },
  { pattern: RE2JS.compile(`\\bredis-cli${ON}-a[ \\t]+${QUOTE}([^\\s"']+)`), cheap: /\bredis-cli\s/, accept: some },
  { pattern: RE2JS.compile(`\\bldap(?:search|add|modify|delete|whoami|passwd)${ON}-w[ \\t]*${QUOTE}([^\\s"']+)`), cheap: /\bldap[a-z]+\s/, accept: some },
  { pattern: RE2JS.compile('\\bsqlplus(?:[ \\t]+-[A-Za-z]+)*[ \\t]+[A-Za-z][\\w$.]*/([^\\s/@"]+)'), cheap: /\bsqlplus\s/, accept: some },
  { pattern: RE2JS.compile(`--(?:[a-z]+-)*(?:password|passwd|pass|passphrase|secret|token|api-key|secret-key|access-key)[ \\t]+${QUOTE}([^\\s"']+)`), cheap: /--(?:[a-z]+-)*(?:pass|secret|token|api-key|access-key)/, accept: unlikeWord },
  // netrc(5), in one line or in several.
  { pattern: RE2JS.compile(`(?m)(?:^|\\bdefault|\\bmachine[ \\t]+[^\\s]+)[ \\t]*login[ \\t]+[^\\s]+[ \\t]+(?:account[ \\t]+[^\\s]+[ \\t]+)?password[ \\t]+${QUOTE}([^\\s"']+)`), cheap: /\blogin\s.*\spassword\s/, accept: some },
  { pattern: RE2JS.compile(`(?m)^[ \\t]*password[ \\t]+${QUOTE}([^\\s"']+)${QUOTE}[ \\t]*$`), cheap: /^[ \t]*password[ \t]/m, accept: unlikeWord },
  // Redis and Valkey: in their settings, as an option, as a command.
  { pattern: RE2JS.compile(`(?m)^[ \\t]*(?:requirepass|sentinel[ \\t]+auth-pass[ \\t]+[^\\s]+)[ \\t]+${QUOTE}([^\\s"']+)${QUOTE}[ \\t]*$`), cheap: REDIS, accept: some },
  { pattern: RE2JS.compile(`(?i)(?:--|\\bset[ \\t]+)requirepass[ =\\t]+${QUOTE}([^\\s"']+)`), cheap: REDIS, accept: some },
  // Network devices: the digit says how the value is written.
  { pattern: RE2JS.compile('\\bpassword[ \\t]+[0-9][ \\t]+([^\\s]{6,})'), cheap: /\bpassword[ \t]+\d/, accept: unlikeWord },
  // PostgreSQL's password file: host, port, database, user, password.
  { pattern: RE2JS.compile('(?m)^(?:\\*|[A-Za-z0-9][A-Za-z0-9.-]*|/[\\w./-]+):(?:\\*|[0-9]{4,5}):(?:\\*|[A-Za-z_][\\w.-]*):(?:\\*|[A-Za-z_][\\w.@-]*):((?:[^\\s:\\\\]|\\\\.)+)$'), cheap: /:(?:\*|\d{4,5}):/, accept: some },
  // A data source of Go's MySQL driver.
  { pattern: RE2JS.compile('\\b[\\w.-]+:([^\\s@/:]+)@(?:tcp|unix|udp)\\('), cheap: /@(?:tcp|unix|udp)\(/, accept: some },
];

/** One of the above may be there. */
const ANY = /requirepass|auth-pass|curl|sshpass|mysql|mariadb|redis-cli|ldap|sqlplus|--[a-z]|password[ \t]|:(?:\*|\d{4,5}):|@(?:tcp|unix|udp)\(/;

export function findCredentialLines(text: string, hits: Hit[]): void {
  if (!ANY.test(text)) return;
  for (const { pattern, cheap, accept } of RULES) {
    if (cheap.test(text)) each(pattern, text, (start, end) => accept(text.slice(start, end)) && hits.push({ start, end, detector: 'password' }), 1);
  }
}
