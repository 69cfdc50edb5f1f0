/** Receives the authorization response on a loopback port (RFC 8252 section 7.3): one answer, then gone. */
import { createServer, type ServerResponse } from 'node:http';
import { timingSafeEqual } from 'node:crypto';
import { EnvironmentError } from '../../base/errors.ts';

export interface Loopback {
  readonly redirectUri: string;
  /** The address that the browser came back with. Rejects when `signal` aborts. */
  readonly arrived: Promise<URL>;
  stop(): void;
}

const page = (title: string, text: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;margin:0}</style><main><h1>${title}</h1><p>${text}</p></main></html>`;

function send(res: ServerResponse, status: number, html: string): void {
  res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'", 'referrer-policy': 'no-referrer' });
  res.end(html);
}

const same = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** @param state of this sign-in; requests without it are strangers and are not told anything */
export async function listenForRedirect(state: string, signal: AbortSignal): Promise<Loopback> {
  const server = createServer();
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (cause) => reject(new EnvironmentError('env.io', `the sign-in cannot listen on this machine: ${cause.message}`, { cause })));
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const redirectUri = `http://127.0.0.1:${port}/callback`;
  const stop = (): void => {
    server.close();
    server.closeIdleConnections();
  };
  const arrived = new Promise<URL>((resolve, reject) => {
    server.on('request', (req, res) => {
      const url = new URL(req.url ?? '/', redirectUri);
      if (req.method !== 'GET' || url.pathname !== '/callback' || !same(url.searchParams.get('state') ?? '', state)) {
        send(res, 404, page('Nothing here', 'This address belongs to a sign-in of Sallyport.'));
        return;
      }
      send(res, 200, url.searchParams.has('error') ? page('Sign-in failed', 'Go back to Sallyport: it says why.') : page('You are signed in', 'You can close this page and go back to Sallyport.'));
      resolve(url);
    });
    signal.addEventListener('abort', () => reject(new EnvironmentError('env.cancelled', 'the sign-in was cancelled')));
  });
  // Whoever never waits for it must not bring the program down.
  arrived.catch(() => undefined);
  return { redirectUri, arrived, stop };
}
