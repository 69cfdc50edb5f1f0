/** A browser reduced to what sign-ins need: it follows redirects, keeps cookies per host, honours SameSite, and posts forms. */
interface Kept {
  readonly value: string;
  readonly sameSite: string;
}

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly html: string;
  readonly headers: Headers;
  /** Every address on the way. */
  readonly hops: readonly string[];
}

export class Browser {
  /** By origin, so that two servers on one loopback address stay two hosts. */
  readonly cookies = new Map<string, Map<string, Kept>>();
  /** Where it stops: addresses that nobody serves. */
  readonly stopAt: string | undefined;

  constructor(stopAt?: string) {
    this.stopAt = stopAt;
  }

  /** Opens an address as if it was typed in. */
  async open(url: string, init: RequestInit = {}, from?: string): Promise<Page> {
    let next = url;
    let request = init;
    let initiator = from;
    const hops: string[] = [];
    for (let hop = 0; hop < 12; hop++) {
      hops.push(next);
      if (this.stopAt !== undefined && next.startsWith(this.stopAt)) return { url: next, status: 302, html: '', headers: new Headers(), hops };
      const response = await this.request(next, request, initiator);
      const location = response.headers.get('location');
      if (location === null || response.status < 300 || response.status > 399) return { url: next, status: response.status, html: await response.text(), headers: response.headers, hops };
      // A redirect chain stays cross-site once it has crossed.
      initiator ??= next;
      if (new URL(initiator).origin === new URL(next).origin) initiator = next;
      next = new URL(location, next).href;
      request = {};
    }
    throw new Error('too many redirects');
  }

  submit(page: Page | string, fields: Record<string, string>, to = typeof page === 'string' ? page : page.url): Promise<Page> {
    const body = new URLSearchParams(fields).toString();
    return this.open(to, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' }, body }, typeof page === 'string' ? page : page.url);
  }

  /** One request with the cookies that a browser would send. `from`: the page that causes it. */
  async request(url: string, init: RequestInit = {}, from?: string): Promise<Response> {
    const { origin } = new URL(url);
    const crossSite = from !== undefined && new URL(from).origin !== origin;
    const isGet = (init.method ?? 'GET') === 'GET';
    const sent = [...(this.cookies.get(origin) ?? [])].filter(([, c]) => !crossSite || c.sameSite === 'none' || (c.sameSite === 'lax' && isGet));
    const headers = new Headers(init.headers);
    if (sent.length > 0) headers.set('cookie', sent.map(([k, c]) => `${k}=${c.value}`).join('; '));
    if (!headers.has('accept')) headers.set('accept', 'text/html');
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) this.#keep(origin, line);
    return response;
  }

  /** The value of a cookie whose name starts so. */
  cookie(url: string, prefix: string): { name: string; value: string } | undefined {
    for (const [name, c] of this.cookies.get(new URL(url).origin) ?? []) if (name.startsWith(prefix)) return { name, value: c.value };
    return undefined;
  }

  #keep(origin: string, line: string): void {
    const jar = this.cookies.get(origin) ?? new Map<string, Kept>();
    this.cookies.set(origin, jar);
    const pair = line.split(';')[0] ?? '';
    const at = pair.indexOf('=');
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    const sameSite = /;\s*SameSite=(\w+)/i.exec(line)?.[1]?.toLowerCase() ?? 'lax';
    if (/;\s*Max-Age=0/i.test(line)) jar.delete(name);
    else jar.set(name, { value, sameSite });
  }
}
