/** What no page of the app may do, set once for every session and every window that will ever exist (design.md section 12). */
import { app, type Session, type WebContents } from 'electron';
import { isAppUrl } from '../ipc/sender.ts';
import type { Log } from './log.ts';

/** Schemes that pages of the app never load; the network is main's alone. */
const isOwnRequest = (url: string): boolean => isAppUrl(url) || url.startsWith('devtools://');

/** No permission, no device, no download, whoever asks. */
export function denyPermissions(session: Session, log: Log): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => {
    log.write('warning', 'permission.denied', permission);
    answer(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler(null);
  session.on('will-download', (event) => {
    log.write('warning', 'download.denied');
    event.preventDefault();
  });
}

/** The app's own session loads app://sallyport and nothing else: no http, ws, file, blob or data documents. */
export function allowOnlyApp(session: Session, log: Log): void {
  session.webRequest.onBeforeRequest((details, answer) => {
    const cancel = !isOwnRequest(details.url);
    if (cancel) log.write('warning', 'request.blocked', details.url.slice(0, 200));
    answer({ cancel });
  });
}

function lockDown(contents: WebContents, mayNavigate: (url: string) => boolean, log: Log): void {
  const stop = (event: { preventDefault(): void }, url: string): void => {
    if (mayNavigate(url)) return;
    log.write('warning', 'navigation.denied', url.slice(0, 200));
    event.preventDefault();
  };
  contents.on('will-navigate', (event) => stop(event, event.url));
  contents.on('will-frame-navigate', (event) => stop(event, event.url));
  contents.on('will-redirect', (event) => stop(event, event.url));
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    log.write('warning', 'window.denied', url.slice(0, 200));
    return { action: 'deny' };
  });
}

/** WebContents that may show something else than the app: the sign-in window, and where it may go. */
const navigators = new WeakMap<WebContents, (url: string) => boolean>();
export const letNavigate = (contents: WebContents, allowed: (url: string) => boolean): void => void navigators.set(contents, allowed);

export function hardenApp(log: Log): void {
  app.on('web-contents-created', (_event, contents) => lockDown(contents, (url) => navigators.get(contents)?.(url) ?? false, log));
  app.on('certificate-error', (event, _contents, url, error, _certificate, answer) => {
    event.preventDefault();
    log.write('error', 'certificate.rejected', `${error} ${url.slice(0, 200)}`);
    answer(false);
  });
  app.on('select-client-certificate', (event) => event.preventDefault());
  app.on('login', (event) => event.preventDefault());
}
