/** Private keys: as text (RFC 7468 and older forms), as base64 of that text in configuration files, of age and of PuTTY. */
import { RE2JS } from 're2js';
import type { Hit } from './ids.ts';
import { each } from './locate.ts';

const LABEL = /^-----BEGIN (?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V\d)-----/;
const HEAD_CHARS = 96;
/** What `-----BEGIN ` is in base64. */
const BASE64_BEGIN = 'LS0tLS1CRUdJTi';
const BASE64 = RE2JS.compile(`${BASE64_BEGIN}[A-Za-z0-9+/]{32,}={0,2}`);
/** Bech32 (BIP 173) of an age identity. */
const AGE = RE2JS.compile('(?i)AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{32,}');
const PUTTY = /PuTTY-User-Key-File-\d: /;

export function findPrivateKeys(text: string, hits: Hit[]): void {
  const add = (start: number, end: number): void => {
    hits.push({ start, end, detector: 'private_key' });
  };
  findText(text, add);
  if (text.includes(BASE64_BEGIN)) each(BASE64, text, (start, end) => LABEL.test(Buffer.from(text.slice(start, start + HEAD_CHARS), 'base64').toString('latin1')) && add(start, end));
  if (/age-secret-key-/i.test(text)) each(AGE, text, add);
  const putty = PUTTY.exec(text);
  if (putty !== null) add(putty.index, text.length);
}

/** To the END line, or to the end of the text when a window or the sender cut it off. */
function findText(text: string, add: (start: number, end: number) => void): void {
  for (let at = text.indexOf('-----BEGIN '); at >= 0; at = text.indexOf('-----BEGIN ', at)) {
    const label = LABEL.exec(text.slice(at, at + HEAD_CHARS));
    if (label === null) {
      at += 11;
      continue;
    }
    const close = text.indexOf('-----END ', at + label[0].length);
    const end = close < 0 ? text.length : endOfLine(text, close + 9);
    add(at, end);
    at = end;
  }
}

function endOfLine(text: string, from: number): number {
  const dashes = text.indexOf('-----', from);
  return dashes < 0 || dashes > from + 64 ? text.length : dashes + 5;
}
