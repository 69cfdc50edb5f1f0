// What the store serves of a built page: a list of its files, and their compressed forms.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.woff2': 'font/woff2', '.svg': 'image/svg+xml', '.png': 'image/png' };
const PACKED = new Set(['.js', '.css', '.svg']);

/** Compresses what is text and writes site.json beside it. Files of other types are an error: the store would not serve them. */
export function writeSite(dir) {
  const names = ['index.html', ...readdirSync(join(dir, 'assets')).filter((n) => !/\.(br|gz|woff)$/.test(n)).map((n) => `assets/${n}`)];
  for (const old of readdirSync(join(dir, 'assets')).filter((n) => n.endsWith('.woff'))) rmSync(join(dir, 'assets', old));
  const files = names.map((path) => {
    const ext = extname(path);
    if (TYPES[ext] === undefined) throw new Error(`${path}: the store serves no files of this type`);
    const encodings = [];
    if (path !== 'index.html' && PACKED.has(ext)) {
      const bytes = readFileSync(join(dir, path));
      const forms = { br: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }), gzip: gzipSync(bytes, { level: 9 }) };
      for (const [encoding, packed] of Object.entries(forms)) {
        if (packed.length >= bytes.length) continue;
        writeFileSync(join(dir, `${path}.${encoding === 'br' ? 'br' : 'gz'}`), packed);
        encodings.push(encoding);
      }
    }
    return { path, type: TYPES[ext], encodings };
  });
  writeFileSync(join(dir, 'site.json'), JSON.stringify({ v: 1, files }, null, 1));
}
