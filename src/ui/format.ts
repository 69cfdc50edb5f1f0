/** Numbers and times as people read them. Pure; the clock is an argument. */

const groups = new Intl.NumberFormat('en-US');

export const formatCount = (n: number): string => groups.format(n);

export const plural = (n: number, one: string, many = `${one}s`): string => `${formatCount(n)} ${n === 1 ? one : many}`;

/** 1024-based, as file managers show it: `0 B`, `9.8 KiB`, `2.0 GiB`. */
export function formatBytes(sizeBytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? String(Math.round(value)) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `0.4 ms`, `42 ms`, `1.25 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatDuration(ms: number): string {
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(2)} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3_600)} h ${String(Math.floor((seconds % 3_600) / 60)).padStart(2, '0')} min`;
}

/** Clock form for countdowns and players: `0:07`, `14:59`, `1:02:03`. Never negative. */
export function formatClock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1_000));
  const s = String(total % 60).padStart(2, '0');
  const m = Math.floor(total / 60) % 60;
  const h = Math.floor(total / 3_600);
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
}

/** Coarse age: `just now`, `5 min`, `3 h`, `12 d`. */
export function formatAge(ms: number): string {
  if (ms < 60_000) return 'just now';
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}

export const formatAgo = (tMs: number, nowMs: number): string => {
  const age = formatAge(Math.max(0, nowMs - tMs));
  return age === 'just now' ? age : `${age} ago`;
};

const pad = (n: number): string => String(n).padStart(2, '0');

/** Local time, sortable: `2026-11-21 14:03:09`. */
export function formatTime(tMs: number): string {
  const d = new Date(tMs);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}

/** `sha256:9f86d081…0f00a08`: enough to compare by eye, the whole is one copy away. */
export function shortDigest(digest: string): string {
  const at = digest.indexOf(':');
  const [prefix, hex] = at < 0 ? ['', digest] : [digest.slice(0, at + 1), digest.slice(at + 1)];
  return hex.length <= 16 ? digest : `${prefix}${hex.slice(0, 8)}…${hex.slice(-7)}`;
}

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What errors of a target begin with: its name, which is written as it is. */
const BEGINS_WITH_NAME = /^\S+ \(\S+:\d+\)/;

/** A policy's reason, or an error's message, as a whole sentence: they are written without a capital and a full stop. */
export function asSentence(text: string): string {
  const words = text.trim();
  const first = BEGINS_WITH_NAME.test(words) ? words : capitalised(words);
  return words === '' || /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** A client as it calls itself; all of SSH begin with the version of the protocol (RFC 4253 section 4.2), which tells nothing. */
export const clientText = (program: string): string => program.replace(/^SSH-2\.0-/, '');

/** First line of a statement with white space collapsed, cut at `max` characters. */
export function oneLine(sql: string, max = 160): string {
  const flat = sql.replace(/\s+/g, ' ').trim();
  return flat.length <= max ? flat : `${flat.slice(0, max - 1)}…`;
}
