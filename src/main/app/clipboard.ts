/** The system clipboard, from main only. A password leaves it again by itself. */
import { clipboard } from 'electron';

const PASSWORD_MS = 60_000;

// Newer versions of Electron answer with promises, older ones at once: awaiting serves both.
export async function copyText(text: string): Promise<void> {
  await Promise.resolve(clipboard.writeText(text));
}

/** Clears the clipboard after a minute, unless something else is on it by then. */
export async function copySecret(text: string): Promise<void> {
  await copyText(text);
  setTimeout(() => void forget(text), PASSWORD_MS).unref();
}

async function forget(text: string): Promise<void> {
  if ((await Promise.resolve(clipboard.readText())) === text) clipboard.clear();
}
