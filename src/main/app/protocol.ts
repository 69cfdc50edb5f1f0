/** `app://sallyport`: the only origin of the app's pages, served from the built window and from nowhere else. */
import { readFileSync, realpathSync } from 'node:fs';
import { protocol, type Session } from 'electron';
import { newNonce, securityHeaders } from './csp.ts';
import { findStaticFile } from './static-files.ts';

/** Before the app is ready: the scheme gets an origin of its own and counts as secure. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: false, corsEnabled: false, codeCache: true } }]);
}

/** @param rendererDir dist/renderer */
export function serveApp(session: Session, rendererDir: string): void {
  const root = realpathSync(rendererDir);
  session.protocol.handle('app', (request) => {
    const file = request.method === 'GET' ? findStaticFile(root, request.url) : undefined;
    const nonce = newNonce();
    const headers = securityHeaders(nonce);
    if (file === undefined) return new Response('not found', { status: 404, headers: { ...headers, 'content-type': 'text/plain' } });
    const bytes = readFileSync(file.path);
    const body = file.type.startsWith('text/html') ? bytes.toString('utf8').replaceAll('__CSP_NONCE__', nonce) : new Uint8Array(bytes);
    return new Response(body, { headers: { ...headers, 'content-type': file.type } });
  });
}
