/** A value that is wholly the base64 or hexadecimal form of readable text. Best effort: parts of a value are not decoded. */

const MAX_CHARS = 16 * 1024;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const HEX = /^(?:0x|\\x)?(?:[0-9a-fA-F]{2})+$/;
const ALPHABET = new Uint8Array(256);
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-=') ALPHABET[c.charCodeAt(0)] = 1;
const READABLE = /^[\t\n\r\x20-\x7e]+$/;

/** Shorter texts hide nothing; a blank among so many first bytes says that the text is no encoding. */
export const HIDDEN_HEAD_BYTES = 12;

/** A cheap look at the first bytes: prose has a blank or a full stop among them. */
export function mayHide(bytes: Uint8Array): boolean {
  if (bytes.length < HIDDEN_HEAD_BYTES || bytes.length > MAX_CHARS) return false;
  for (let i = 0; i < HIDDEN_HEAD_BYTES; i++) if (ALPHABET[bytes[i] ?? 0] !== 1 && !(i === 0 && bytes[i] === 0x5c)) return false;
  return true;
}

/** @returns the readable text inside, or undefined when there is none. */
export function hiddenText(text: string): string | undefined {
  if (text.length < HIDDEN_HEAD_BYTES || text.length > MAX_CHARS) return undefined;
  if (HEX.test(text)) {
    const hex = Buffer.from(text.replace(/^(?:0x|\\x)/, ''), 'hex').toString('latin1');
    if (READABLE.test(hex)) return hex;
  }
  if (!BASE64.test(text)) return undefined;
  if (!READABLE.test(Buffer.from(text.slice(0, HIDDEN_HEAD_BYTES), 'base64').toString('latin1'))) return undefined;
  const decoded = Buffer.from(text, 'base64').toString('latin1');
  return READABLE.test(decoded) ? decoded : undefined;
}
