/**
 * E-mail addresses (RFC 5321 section 4.1.2, and the UTF-8 local parts of RFC 6531). Found from each `@` outwards;
 * neither side crosses another `@`, so the work is linear in the text whatever it holds.
 */
import type { Hit } from './ids.ts';

const LOCAL = /[\p{L}\p{N}._%+~#$^'-]/u;
const DOMAIN = /[\p{L}\p{N}.-]/u;
const TOP = /^(?:\p{L}{2,63}|xn--[a-z0-9-]{2,59})$/iu;
const LITERAL = /^\[(?:IPv6:)?[0-9a-f.:]{3,45}\]/i;

/** Units of systemd (systemd.unit(5)) that are made from a template: `getty@tty1.service`. None is a top-level domain that gives addresses. */
const UNIT = /\.(?:service|socket|timer|mount|automount|swap|slice|scope|path|device|target)$/;

const localAscii = new Uint8Array(128);
const domainAscii = new Uint8Array(128);
for (let i = 0; i < 128; i++) {
  localAscii[i] = LOCAL.test(String.fromCharCode(i)) ? 1 : 0;
  domainAscii[i] = DOMAIN.test(String.fromCharCode(i)) ? 1 : 0;
}
const isLocal = (text: string, i: number): boolean => {
  const c = text.charCodeAt(i);
  return c < 128 ? localAscii[c] === 1 : c >= 0xd800 && c < 0xe000 ? true : LOCAL.test(text.charAt(i));
};
const isDomain = (text: string, i: number): boolean => {
  const c = text.charCodeAt(i);
  return c < 128 ? domainAscii[c] === 1 : DOMAIN.test(text.charAt(i));
};

export function findEmails(text: string, hits: Hit[]): void {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const start = localStart(text, at);
    if (start === at) continue;
    const end = domainEnd(text, at + 1);
    if (end === undefined) continue;
    // `git@github.com:owner/repo` names a machine account in every clone URL.
    if (text.slice(start, at) === 'git' && text[end] === ':') continue;
    if (UNIT.test(text.slice(at, end))) continue;
    hits.push({ start, end, detector: 'email' });
  }
}

function localStart(text: string, at: number): number {
  if (text[at - 1] === '"') {
    // A quoted local part: `"bob smith"@example.com`.
    const from = Math.max(0, at - 66);
    const open = text.slice(from, at - 1).lastIndexOf('"');
    return open >= 0 && from + open < at - 2 ? from + open : at;
  }
  let start = at;
  while (start > 0 && at - start < 64 && isLocal(text, start - 1)) start--;
  while (start < at && (text[start] === '.' || text[start] === "'")) start++;
  return start;
}

function domainEnd(text: string, from: number): number | undefined {
  if (text[from] === '[') {
    const literal = LITERAL.exec(text.slice(from, from + 64));
    return literal === null ? undefined : from + literal[0].length;
  }
  let end = from;
  while (end < text.length && end - from < 255 && isDomain(text, end)) end++;
  // A sentence's full stop, a trailing hyphen and `@x.com.1` do not belong to the domain.
  for (; end > from; end = from + Math.max(0, text.slice(from, end).lastIndexOf('.'))) {
    while (end > from && (text[end - 1] === '.' || text[end - 1] === '-')) end--;
    const dot = text.slice(from, end).lastIndexOf('.');
    if (dot <= 0) return undefined;
    if (TOP.test(text.slice(from + dot + 1, end))) return end;
  }
  return undefined;
}
