/**
 * Cookies of the store (RFC 6265bis). Under https they carry the `__Host-` prefix, so that no other host and no
 * plain-text page can set them; on a loopback address without TLS browsers refuse that prefix.
 */

/** `lax` comes back from a provider's redirect, `none` from its form post; `strict` never crosses a site. */
export type SameSite = 'strict' | 'lax' | 'none';

export interface CookieJar {
  readonly sessionName: string;
  /** The cookie that ties one sign-in under way to one browser. */
  loginName(tag: string): string;
  set(name: string, value: string, o: { sameSite: SameSite; maxAgeS: number }): string;
  clear(name: string, sameSite: SameSite): string;
}

const attributes: Readonly<Record<SameSite, string>> = { strict: 'Strict', lax: 'Lax', none: 'None' };

export function cookieJar(secure: boolean): CookieJar {
  const prefix = secure ? '__Host-' : '';
  const set: CookieJar['set'] = (name, value, o) =>
    // SameSite=None needs Secure everywhere; browsers take it from loopback addresses too.
    `${name}=${value}; Path=/; HttpOnly; SameSite=${attributes[o.sameSite]}; Max-Age=${o.maxAgeS}${secure || o.sameSite === 'none' ? '; Secure' : ''}`;
  return {
    sessionName: `${prefix}sallyport_session`,
    loginName: (tag) => `${prefix}sallyport_login_${tag}`,
    set,
    clear: (name, sameSite) => set(name, '', { sameSite, maxAgeS: 0 }),
  };
}

/**
 * The value of one cookie. A name that comes twice is refused: one of them was planted (cookie tossing), and nobody
 * can say which.
 */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}
