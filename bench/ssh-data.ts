/** Files that are moved: bytes that are no text, and the text of logs. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { numbers } from './search-data.ts';

const BLOCK_BYTES = 4 * 1024 * 1024;

/** Writes `bytes` of blocks that `block` gives, the last one cut. */
function fill(file: string, bytes: number, block: () => Buffer): void {
  const fd = openSync(file, 'w');
  try {
    for (let at = 0; at < bytes; ) {
      const next = block();
      at += writeSync(fd, next, 0, Math.min(next.length, bytes - at));
    }
  } finally {
    closeSync(fd);
  }
}

export function writeBinary(file: string, bytes: number): void {
  const block = randomBytes(BLOCK_BYTES);
  fill(file, bytes, () => block);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const UNITS = ['kernel', 'sshd', 'cron', 'systemd', 'nginx', 'postgres', 'dockerd'];
const PATHS = ['/', '/healthz', '/api/v1/orders', '/api/v1/customers', '/static/app.js', '/login', '/metrics'];
const two = (n: number): string => String(n).padStart(2, '0');

/** Lines of the usual logs: syslog, a web server's, an application's in words and in JSON. */
function logLine(r: () => number): string {
  const n = (max: number): number => Math.floor(r() * max);
  const pick = (list: readonly string[]): string => list[n(list.length)] ?? '';
  const clock = `${two(n(24))}:${two(n(60))}:${two(n(60))}`;
  const address = `10.${n(256)}.${n(256)}.${n(256)}`;
  const iso = `2026-${two(1 + n(12))}-${two(1 + n(28))}T${clock}.${String(n(1000)).padStart(3, '0')}Z`;
  const path = `${pick(PATHS)}${n(3) === 0 ? '' : `/${n(100_000)}`}`;
  switch (n(4)) {
    case 0:
      return `${pick(MONTHS)} ${two(1 + n(28))} ${clock} web1 ${pick(UNITS)}[${n(32_768)}]: connection from ${address} port ${n(65_536)} closed after ${n(10_000)} ms`;
    case 1:
      return `${address} - - [${two(1 + n(28))}/${pick(MONTHS)}/2026:${clock} +0000] "GET ${path} HTTP/1.1" ${pick(['200', '304', '404', '500'])} ${n(100_000)} "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"`;
    case 2:
      return `${iso} INFO [worker-${n(16)}] order ${n(1_000_000)} of batch ${n(1_000)} stored in ${n(900)} ms, ${n(200)} rows, queue ${n(50)}`;
    default:
      return JSON.stringify({ at: iso, level: pick(['info', 'debug', 'warn']), msg: 'request done', path, status: 200, ms: n(900), id: Array.from({ length: 4 }, () => n(65_536).toString(16).padStart(4, '0')).join('') });
  }
}

/** What detectors find, in the words around it. */
function valueOf(r: () => number): string {
  const n = (max: number): number => Math.floor(r() * max);
  switch (n(4)) {
    case 0:
      return ` user=person${n(100_000)}@example.com`;
    case 1:
      return ` card 4111 1111 1111 1111`;
    case 2:
      return ` phone +49 170 ${1_000_000 + n(8_999_999)}`;
    default:
      return ` token=ghp_${'a1B2c3D4e5'.repeat(4)}`;
  }
}

/** @param values one line in so many holds a value; 0 none */
export function writeLogs(file: string, bytes: number, values: number): void {
  const r = numbers(11);
  const blocks = Array.from({ length: 4 }, () => {
    const lines: string[] = [];
    for (let i = 0, length = 0; length < BLOCK_BYTES / 4; i++) {
      const line = `${logLine(r)}${values > 0 && i % values === 0 ? valueOf(r) : ''}\n`;
      lines.push(line);
      length += line.length;
    }
    return Buffer.from(lines.join(''));
  });
  let i = 0;
  fill(file, bytes, () => blocks[i++ % blocks.length] ?? Buffer.alloc(1));
}
