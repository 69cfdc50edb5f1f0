// Lies in resources/app of the runtime that scripts/electron-runtime.mjs unpacks. That runtime has no default app, so
// this does its one job: `electron FOLDER` loads the app of that folder. The top-level await keeps `ready` back until
// the app's own module has run, as Electron does for an app that it finds itself.
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { app } from 'electron';

const at = process.argv.findIndex((arg, index) => index > 0 && !arg.startsWith('-'));
const wanted = at < 0 ? undefined : resolve(process.argv[at]);
if (wanted === undefined) {
  process.stderr.write('usage: electron FOLDER [arguments]\n');
  process.exit(2);
}

let entry = wanted;
if (statSync(wanted).isDirectory()) {
  const manifest = JSON.parse(readFileSync(join(wanted, 'package.json'), 'utf8'));
  if (manifest.version) app.setVersion(manifest.version);
  if (manifest.productName ?? manifest.name) app.setName(manifest.productName ?? manifest.name);
  entry = join(wanted, manifest.main ?? 'index.js');
  app.setAppPath(wanted);
} else {
  app.setAppPath(dirname(wanted));
}
await import(pathToFileURL(entry).href);
