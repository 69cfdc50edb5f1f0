/** Settings on disk, versioned. A file that does not parse stops the feature; it is never replaced by defaults. */
import { readFileSync } from 'node:fs';
import { ConfigError, messageOf } from '../../base/errors.ts';
import { defaultSettings, storedSettings, type Settings } from '../../contract/ipc/settings.ts';
import { writeAtomic } from './write-atomic.ts';

/** @throws ConfigError for a file that is damaged or from a newer version */
export function readSettings(file: string): Settings {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return defaultSettings;
    throw new ConfigError(`the settings cannot be read: ${messageOf(error)}`, { file });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConfigError('the settings are damaged', { file, fix: 'correct the file, or delete it to start with the defaults' });
  }
  const parsed = storedSettings.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((i) => `${i.path.join('.') || 'file'}: ${i.message}`).join('; ');
  throw new ConfigError(`the settings are damaged: ${fields}`, { file, fix: 'correct the file, or delete it to start with the defaults' });
}

/** Refuses to write over a file that does not parse. @throws ConfigError, EnvironmentError */
export function writeSettings(file: string, next: Settings): Settings {
  readSettings(file);
  writeAtomic(file, `${JSON.stringify(next, null, 2)}\n`);
  return next;
}
