/** Values that the starter bundle's detectors know, one or more for each, and what masks them as that bundle does. */
import { createDetectors, type MaskContext } from '../policy/mask/index.ts';
import type { DataClass, MaskKind, MaskPlan } from '../policy/types.ts';
import { cardCheckDigit, ibanOf } from './check-digits.ts';

const card = (body: string): string => body + cardCheckDigit(body);
const grouped = (text: string, n: number): string => text.replaceAll(new RegExp(`(.{${n}})(?=.)`, 'g'), '$1 ');

/** Each is one value by itself, wherever it stands between blanks. */
export const streamValues: Readonly<Record<string, string>> = {
  email: 'alice.miller+shop@mail.example.com',
  'short email': 'bo@ex.org',
  card: card('411111111111111'),
  'spaced card': grouped(card('555555555555444'), 4),
  'american express': card('37828224631000'),
  phone: '+49 170 1234567',
  'american phone': '(415) 555-2671',
  iban: ibanOf('DE', '370400440532013000'),
  'spaced iban': grouped(ibanOf('GB', 'NWBK60161331926819'), 4),
  ssn: '536-22-8726',
  nino: 'AB 12 34 56 C',
  pesel: '44051401359',
  aws: 'AKIAIOSFODNN7EXAMPLE',
  github: `ghp_${'a1B2c3D4e5'.repeat(4)}`,
  slack: 'xoxb-123456789012-abcdefABCDEF',
  jwt: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N',
  'e-mail in UTF-8': 'jürgen.müller@münchen.example',
};

/** What stands before the value belongs to the line, the value alone is masked. */
export const namedValues: Readonly<Record<string, { readonly before: string; readonly value: string; readonly after: string }>> = {
  password: { before: 'password: ', value: 'hunter2-Xy!', after: '' },
  'quoted password': { before: 'db_password = "', value: 'two words 9', after: '"' },
  'password in a URL': { before: 'postgres://app:', value: 's3cr3t!pw', after: '@db/shop' },
  bearer: { before: 'Authorization: Bearer ', value: 'abcdEFGH1234ijkl5678', after: '' },
  'api key': { before: 'api_key=', value: '9f8e7d6c5b4a39281706', after: '' },
};

const classOf = (id: string, detectors: string[], kind: MaskKind): DataClass => ({ id, columns: [], detectors, mask: { kind }, predicates: 'allow' });

export const starterClasses: readonly DataClass[] = [
  classOf('email', ['email'], 'token'),
  classOf('phone', ['phone'], 'partial'),
  classOf('card', ['card'], 'partial'),
  classOf('national-id', ['national_id'], 'full'),
  classOf('iban', ['iban'], 'partial'),
  classOf('token', ['token'], 'full'),
  classOf('password', ['password'], 'null'),
];

export const streamContext = (classes: readonly DataClass[] = starterClasses): MaskContext => ({ tokenKey: new Uint8Array(32).fill(7), detectors: createDetectors(classes) });
export const streamPlan: MaskPlan = { columns: 'detect_all', unmasked: [], scrubMessages: false };

const ESC = String.fromCharCode(0x1b);
const BEL = String.fromCharCode(0x07);
const SEQUENCES = new RegExp(`${ESC}\\[[0-?]*[ -/]*[@-~]|${ESC}\\][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\)|${ESC}.`, 'g');

/** The characters that a terminal shows, in the order in which they were sent, rows joined. */
export const visible = (shown: string): string => shown.replaceAll(SEQUENCES, '').replaceAll(/\p{Cc}/gu, '');
