/** Fills in the form of the development identity provider, over HTTP and without a window. For the demo and for tests. */
import { EnvironmentError } from '../../base/errors.ts';
import type { ShowPage } from './oidc.ts';

const MAX_STEPS = 12;

class Cookies {
  readonly #jar = new Map<string, string>();

  take(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const pair = line.split(';')[0] ?? '';
      const at = pair.indexOf('=');
      if (at > 0) this.#jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }

  get header(): string {
    return [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

/** @param who a person of the provider's list */
export function fillDevForm(who: { readonly subject: string; readonly password?: string | undefined }): ShowPage {
  return async (start, redirectUri, signal) => {
    const cookies = new Cookies();
    const home = start.origin;
    const ask = async (url: URL, form?: URLSearchParams): Promise<Response> => {
      if (url.origin !== home) throw new EnvironmentError('env.store', 'the development sign-in led to another server');
      const response = await fetch(url, { redirect: 'manual', signal, headers: { cookie: cookies.header }, ...(form === undefined ? {} : { method: 'POST', body: form }) });
      cookies.take(response);
      return response;
    };
    let url = start;
    let sent = false;
    for (let step = 0; step < MAX_STEPS; step++) {
      let response = await ask(url);
      if (response.status === 200 && url.pathname.startsWith('/interaction/')) {
        if (sent) break;
        sent = true;
        response = await ask(url, new URLSearchParams({ subject: who.subject, ...(who.password === undefined ? {} : { password: who.password }) }));
      }
      const location = response.headers.get('location');
      if (location === null) break;
      url = new URL(location, url);
      if (url.href.startsWith(`${redirectUri}?`)) return url;
    }
    throw new EnvironmentError('env.store', `the development provider does not sign in ${who.subject}`);
  };
}
