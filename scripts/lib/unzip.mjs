// A small reader of zip archives whose SHA-256 the caller has checked: stored and deflated entries, no zip64, no encryption.
// Layout: APPNOTE.TXT 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (end record).
import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { Stop } from './log.mjs';

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const MAX_COMMENT = 0xffff;

function readAt(fd, position, length) {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, position + done);
    if (count === 0) throw new Stop('the zip archive ends too early');
    done += count;
  }
  return buffer;
}

function entriesOf(fd) {
  const size = fstatSync(fd).size;
  const tailLength = Math.min(size, 22 + MAX_COMMENT);
  const tail = readAt(fd, size - tailLength, tailLength);
  let end = tailLength - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== END) end -= 1;
  if (end < 0) throw new Stop('not a zip archive: no end record');
  const count = tail.readUInt16LE(end + 10);
  const directory = readAt(fd, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  const entries = [];
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    if (directory.readUInt32LE(at) !== CENTRAL) throw new Stop('the zip archive has a broken directory');
    const nameLength = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      compressed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      mode: directory.readUInt32LE(at + 38) >>> 16,
      offset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

function contentOf(fd, entry) {
  const header = readAt(fd, entry.offset, 30);
  if (header.readUInt32LE(0) !== LOCAL) throw new Stop(`the zip archive has a broken entry: ${entry.name}`);
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const raw = readAt(fd, start, entry.compressed);
  if (entry.method !== 0 && entry.method !== 8) throw new Stop(`unknown compression of ${entry.name}`);
  const content = entry.method === 0 ? raw : inflateRawSync(raw, { maxOutputLength: Math.max(entry.size, 1) });
  if (content.length !== entry.size) throw new Stop(`${entry.name} has the wrong size`);
  return content;
}

/**
 * Unpacks the entries for which `place(name)` gives a relative path; undefined leaves one out.
 * @returns {number} how many files were written
 */
export function unzip(archive, target, place) {
  const fd = openSync(archive, 'r');
  let files = 0;
  try {
    for (const entry of entriesOf(fd)) {
      if (entry.name.endsWith('/')) continue;
      const relative = place(entry.name);
      if (relative === undefined) continue;
      const path = normalize(join(target, relative));
      if (!path.startsWith(normalize(target) + sep)) throw new Stop(`the zip archive names a file outside its folder: ${entry.name}`);
      if ((entry.mode & 0o170000) === 0o120000) throw new Stop(`the zip archive holds a link: ${entry.name}`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, contentOf(fd, entry), { mode: (entry.mode & 0o777) || 0o644 });
      files += 1;
    }
  } finally {
    closeSync(fd);
  }
  return files;
}
