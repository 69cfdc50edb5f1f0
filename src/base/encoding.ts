/** Base64, base64url and hex without Node's Buffer, so that verifiers run in a browser. Decoders are strict. */
import { MalformedError } from './errors.ts';

const B64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const DECODE = new Map(Array.from(B64, (c, i) => [c, i]));

/** Standard base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b, c] = [bytes[i] ?? 0, bytes[i + 1], bytes[i + 2]];
    out += (B64[a >> 2] ?? '') + (B64[((a & 3) << 4) | ((b ?? 0) >> 4)] ?? '');
    out += b === undefined ? '=' : (B64[((b & 15) << 2) | ((c ?? 0) >> 6)] ?? '');
    out += c === undefined ? '=' : (B64[c & 63] ?? '');
  }
  return out;
}

/** @throws MalformedError for any character, padding or leftover bit that `toBase64` would not produce. */
export function fromBase64(text: string): Uint8Array {
  const body = text.replace(/={1,2}$/, '');
  const out = new Uint8Array(Math.floor((body.length * 3) / 4));
  let bits = 0;
  let acc = 0;
  let n = 0;
  for (const c of body) {
    const v = DECODE.get(c);
    if (v === undefined) throw new MalformedError('malformed.encoding', 'not base64');
    acc = ((acc << 6) | v) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[n++] = (acc >> bits) & 0xff;
    }
  }
  if (text.length % 4 !== 0 || toBase64(out) !== text) throw new MalformedError('malformed.encoding', 'not canonical base64');
  return out;
}

/** Base64url without padding (RFC 4648 section 5). */
export const toBase64Url = (bytes: Uint8Array): string => toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

export function fromBase64Url(text: string): Uint8Array {
  if (/[+/=]/.test(text)) throw new MalformedError('malformed.encoding', 'not base64url');
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((4 - (text.length % 4)) % 4));
}

export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw new MalformedError('malformed.encoding', 'not lower-case hex');
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(i * 2, i * 2 + 2), 16));
}

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** @throws MalformedError when the bytes are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    throw new MalformedError('malformed.encoding', 'not UTF-8');
  }
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let diff = 0;
  for (let i = 0; i < a.length; i++) diff |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return diff === 0;
}
