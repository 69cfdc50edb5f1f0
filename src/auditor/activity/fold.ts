/** The store's trail as people read it: what somebody did with one recording in one go is one line. Pure. */
import { isSessionId } from '../../base/ids.ts';
import { actionWords } from './words.ts';

export interface TrailEntry {
  readonly id: number;
  readonly t_ms: number;
  readonly iss: string;
  readonly sub: string;
  readonly device_id: string;
  readonly address: string;
  readonly action: string;
  readonly object: string;
  readonly outcome: 'ok' | 'refused';
  readonly detail: string;
}

export interface TrailLine {
  readonly newest: TrailEntry;
  readonly fromMs: number;
  readonly calls: number;
  /** What was done, in words. */
  readonly did: string;
  readonly session: string | undefined;
}

const ONE_GO_MS = 10 * 60_000;

/** The session that an entry is about, when it is about one: done things are named by their object, refused ones by the path. */
export const sessionOf = (object: string): string | undefined => object.split('/').find((part) => isSessionId(part));

/** What of a session an entry is about: the file's name behind its id. */
export const partOf = (object: string, session: string): string => object.slice(object.indexOf(session) + session.length + 1);

/** Gravest first: a viewing with an export in it is an export. */
const RANK = ['recording.export', 'recording.download', 'recording.statement', 'recording.timeline', 'recording.show', 'recording.summary'];
const rankOf = (action: string): number => (RANK.includes(action) ? RANK.indexOf(action) : RANK.length);
const VIEWED: Readonly<Record<string, string>> = { 'recording.download': 'replayed a session' };
const wordsOf = (action: string): string => VIEWED[action] ?? actionWords(action);

/** One line for each entry. */
export const asLines = (entries: readonly TrailEntry[]): TrailLine[] => entries.map((e) => ({ newest: e, fromMs: e.t_ms, calls: 1, did: actionWords(e.action), session: sessionOf(e.object) }));

/** @param entries newest first, as the store gives them */
export function foldTrail(entries: readonly TrailEntry[]): TrailLine[] {
  const lines: { newest: TrailEntry; fromMs: number; calls: number; gravest: string; session: string | undefined }[] = [];
  const open = new Map<string, number>();
  for (const e of entries) {
    const session = sessionOf(e.object);
    const key = `${e.iss}\n${e.sub}\n${e.address}\n${session ?? `${e.action}\n${e.object}`}\n${e.outcome}`;
    const at = open.get(key);
    const line = at === undefined ? undefined : lines[at];
    if (at === undefined || line === undefined || line.fromMs - e.t_ms > ONE_GO_MS) {
      open.set(key, lines.length);
      lines.push({ newest: e, fromMs: e.t_ms, calls: 1, gravest: e.action, session });
    } else lines[at] = { ...line, fromMs: e.t_ms, calls: line.calls + 1, gravest: rankOf(e.action) < rankOf(line.gravest) ? e.action : line.gravest };
  }
  return lines.map(({ gravest, ...line }) => ({ ...line, did: line.session === undefined ? actionWords(gravest) : wordsOf(gravest) }));
}
