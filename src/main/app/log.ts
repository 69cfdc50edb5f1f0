/** The app's own log: JSON lines in `<dataDir>/log/app.log`, one older file kept. `error` means that someone must act. */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { redact } from './redact.ts';

export type LogLevel = 'info' | 'warning' | 'error';

export interface Log {
  write(level: LogLevel, event: string, detail?: string): void;
}

const MAX_BYTES = 4 * 1024 * 1024;

/** A log that cannot be written is told on stderr and otherwise ignored: the recording is the evidence, not this file. */
export function openLog(dataDir: string): Log {
  const dir = path.join(dataDir, 'log');
  const file = path.join(dir, 'app.log');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return {
    write: (level, event, detail) => {
      const line = `${JSON.stringify({ t: new Date().toISOString(), level, event, ...(detail === undefined ? {} : { detail: redact(detail) }) })}\n`;
      try {
        if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(file, `${file}.1`);
        appendFileSync(file, line, { mode: 0o600 });
      } catch {
        process.stderr.write(line);
      }
    },
  };
}

/** Name, message and stack of anything thrown, for the log only. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` caused by ${describeError(error.cause)}` : '';
  return `${error.stack ?? `${error.name}: ${error.message}`}${cause}`;
}
