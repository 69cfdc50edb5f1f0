/**
 * An entry for Electron that keeps `ready` back until Playwright has attached. Without it the window may appear while
 * the debugger connects, and now and then neither of the two goes on. Playwright holds apps in the same way where it
 * may inject its loader, which it does not for an executable that it is given.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const TEXT = (root: string): string => `import { readFileSync } from 'node:fs';
import { app } from 'electron';

const root = ${JSON.stringify(root)};
const manifest = JSON.parse(readFileSync(root + '/package.json', 'utf8'));
app.setAppPath(root);
app.setName(manifest.name);
app.setVersion(manifest.version);

const really = app.whenReady();
const emit = app.emit.bind(app);
let readyArguments = [];
let go;
const attached = new Promise((resolve) => { go = resolve; });
let held = true;
app.emit = (event, ...args) => {
  if (event !== 'ready' || !held) return emit(event, ...args);
  readyArguments = args;
  return true;
};
app.isReady = () => !held;
app.whenReady = () => attached;
// Playwright calls this by name once it is connected.
globalThis.__playwright_run = async () => {
  await really;
  held = false;
  go();
  emit('ready', ...readyArguments);
};
await import(${JSON.stringify(pathToFileURL(path.join(root, 'dist', 'main', 'main.mjs')).href)});
`;

/** Writes the entry and returns its path. @param root the checkout, which has been built */
export function heldEntry(root: string): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'sallyport-entry-')), 'entry.mjs');
  writeFileSync(file, TEXT(root));
  return file;
}
