/** Who sent this message? Only the main frame of a window that main itself opened, showing our own origin. */
import type { InvokeEventLike } from './electron-shapes.ts';

/** The one origin of the product's pages, served by main's own protocol handler. */
export const APP_ORIGIN = 'app://sallyport';

/** True only for `app://sallyport/...`; an empty or unparsable URL, another host, a port or user info is refused. */
export function isAppUrl(url: string): boolean {
  if (url === '') return false;
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return false;
  }
  // `origin` of a non-special scheme is the string "null", so the parts are compared one by one.
  return parsed.protocol === 'app:' && parsed.host === 'sallyport' && parsed.username === '' && parsed.password === '';
}

/** Why the sender is refused, for the log; undefined when it is accepted. */
export function refuseSender(event: InvokeEventLike, knownWindows: ReadonlySet<number>): string | undefined {
  if (!knownWindows.has(event.sender.id)) return 'sender is not a window of the app';
  if (event.senderFrame === null) return 'sender frame is gone';
  if (event.senderFrame !== event.sender.mainFrame) return 'sender is not the main frame';
  if (!isAppUrl(event.senderFrame.url)) return 'sender is not on the app origin';
  return undefined;
}
