/** Takes out of log text what looks like a credential. The log's callers never pass one; this is the net under them. */

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // JSON Web Tokens, bearer tokens of the store, mask of everything behind "Bearer".
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, '[token]'],
  [/\bsps_[A-Za-z0-9_-]{20,}/g, '[token]'],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 [token]'],
  // user:password@ in addresses
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]+):[^\s@/]+@/gi, '$1:[secret]@'],
  [/\b(password|passwd|pwd|secret|token|code|code_verifier|id_token|PGPASSWORD)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&,;}]+)/gi, '$1$2[secret]'],
];

/** @example redact('postgres://a:b@h/d') // 'postgres://a:[secret]@h/d' */
export function redact(text: string): string {
  return PATTERNS.reduce((t, [pattern, by]) => t.replace(pattern, by), text);
}
