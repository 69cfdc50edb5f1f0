/**
 * What was run, per person. In memory as typed; on disk with values masked as the recording masks them, and never
 * with results. The file is the person's own (0600).
 */
import { appendFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import { historyEntry, type HistoryEntry } from '../../contract/ipc/workbench.ts';
import { writeAtomic } from '../app/write-atomic.ts';

const KEEP = 1_000;
const COMPACT_BYTES = 4 * 1024 * 1024;

export interface HistoryQuery {
  readonly connection?: string | undefined;
  readonly search?: string | undefined;
  readonly limit: number;
}

export class History {
  readonly #file: string;
  #entries: HistoryEntry[];

  private constructor(file: string, entries: HistoryEntry[]) {
    this.#file = file;
    this.#entries = entries;
  }

  /** @throws ConfigError when the file does not parse; it is left as it is */
  static open(dir: string): History {
    const file = path.join(dir, 'history.ndjson');
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    if (statSync(file, { throwIfNoEntry: false }) === undefined) return new History(file, []);
    const lines = readFileSync(file, 'utf8').split('\n');
    // A torn last line is the one that a crash cut: it goes, so that the next entry starts a line of its own.
    // Anything else that does not parse is damage.
    const whole = lines.slice(0, -1);
    if (lines.at(-1) !== '') writeAtomic(file, whole.map((line) => `${line}\n`).join(''));
    return new History(file, whole.map((line, i) => parseLine(line, file, i + 1)).slice(-KEEP));
  }

  /** @param masked the statement as it may lie on disk */
  add(entry: HistoryEntry, masked: string): void {
    this.#entries = [...this.#entries.slice(-(KEEP - 1)), entry];
    const line = `${JSON.stringify({ ...entry, sql: masked })}\n`;
    if ((statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) > COMPACT_BYTES) this.#compact();
    appendFileSync(this.#file, line, { mode: 0o600 });
  }

  #compact(): void {
    const lines = readFileSync(this.#file, 'utf8').split('\n').slice(0, -1).slice(-KEEP);
    writeAtomic(this.#file, `${lines.join('\n')}\n`);
  }

  /** Newest first. */
  find(query: HistoryQuery): HistoryEntry[] {
    const wanted = query.search?.trim().toLowerCase() ?? '';
    const found = this.#entries.filter((e) => (query.connection === undefined || e.connection === query.connection) && e.sql.toLowerCase().includes(wanted));
    return found.reverse().slice(0, query.limit);
  }
}

function parseLine(line: string, file: string, number: number): HistoryEntry {
  try {
    return historyEntry.parse(JSON.parse(line));
  } catch {
    throw new ConfigError('the history is damaged', { file, line: number, fix: 'correct the line, or delete the file to start a new history' });
  }
}
