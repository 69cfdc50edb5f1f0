/** What a session showed on its terminals, record by record. Pure. */
import { fromBase64 } from '../../base/encoding.ts';
import type { Json } from '../../base/jcs.ts';
import type { ReadRecord } from '../../evidence/read.ts';

/** Text that was shown in a channel, or the size that its terminal got. Sizes are bounded; text is as it was sent. */
export type Shown =
  | { readonly kind: 'text'; readonly n: number; readonly tMs: number; readonly channel: number; readonly text: string }
  | { readonly kind: 'size'; readonly n: number; readonly tMs: number; readonly channel: number; readonly cols: number; readonly rows: number };

/** The largest screen that is shown; a program may claim any. */
export const maxScreen = { cols: 400, rows: 150 } as const;
/** Where nobody has said a size: for a terminal, and for output without one. */
export const usualScreen = { cols: 80, rows: 24 } as const;
export const plainScreen = { cols: 110, rows: 28 } as const;

const REMOVED = '\u001b[7m content removed \u001b[27m\r\n';
const loose = new TextDecoder('utf-8');

export const boundedSize = (cols: number, rows: number): { readonly cols: number; readonly rows: number } => ({
  cols: cols < 1 ? usualScreen.cols : Math.max(2, Math.min(cols, maxScreen.cols)),
  rows: rows < 1 ? usualScreen.rows : Math.min(rows, maxScreen.rows),
});

/** Undefined for records that showed nothing. */
export function shownOf(r: ReadRecord): Shown | undefined {
  const base = { n: r.n, tMs: r.t, channel: r.channel };
  switch (r.kind) {
    case 'ssh.shell':
    case 'ssh.exec':
    case 'ssh.pty.resize': {
      const { cols, rows } = r.clear;
      return typeof cols === 'number' && typeof rows === 'number' ? { ...base, kind: 'size', ...boundedSize(cols, rows) } : undefined;
    }
    case 'ssh.pty.out':
      return textOf(r, base, (t) => t);
    case 'ssh.output':
      // Without a terminal a line feed is all that ends a line.
      return textOf(r, base, (t) => t.replace(/\r?\n/g, '\r\n'));
    default:
      return undefined;
  }
}

function textOf(r: ReadRecord, base: { n: number; tMs: number; channel: number }, as: (text: string) => string): Shown | undefined {
  if (r.removed.includes('data')) return { ...base, kind: 'text', text: REMOVED };
  const text = decoded(r.fields['data']);
  return text === '' ? undefined : { ...base, kind: 'text', text: as(text) };
}

/** Text, or bytes that are none: what is not UTF-8 is shown as U+FFFD. */
export function decoded(data: Json | undefined): string {
  if (typeof data === 'string') return data;
  const b64 = typeof data === 'object' && data !== null && 'b64' in data ? data.b64 : undefined;
  return typeof b64 === 'string' ? loose.decode(fromBase64(b64)) : '';
}
