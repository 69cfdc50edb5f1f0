/** The settings a client brings in its startup packet: each is the same as a SET, and is decided as one. */
import { DeniedError } from '../../base/errors.ts';
import type { Analyser } from './analyser.ts';
import type { Gatekeeper } from './gatekeeper.ts';

/** Settings that change only how values look or who is shown as the program. */
const HARMLESS = new Set(['application_name', 'datestyle', 'timezone', 'intervalstyle', 'extra_float_digits', 'client_min_messages', 'fallback_application_name']);

/**
 * Parameters for the target's startup packet.
 * @throws DeniedError for replication, a foreign encoding, or a setting that policy refuses.
 */
export function startupSettings(parameters: ReadonlyMap<string, string>, gatekeeper: Gatekeeper, analyser: Analyser): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (name === 'user' || name === 'database' || name.startsWith('_pq_.')) continue;
    if (name === 'replication') {
      if (/^(false|off|no|0)$/i.test(value)) continue;
      throw new DeniedError('replication connections are not supported');
    }
    if (name === 'options') for (const [k, v] of parseOptions(value)) settings.set(k, v);
    else settings.set(name, value);
  }
  for (const [name, value] of settings) {
    if (name.toLowerCase() === 'client_encoding') settings.set(name, utf8Only(value));
    else if (!HARMLESS.has(name.toLowerCase())) decideSetting(name, value, gatekeeper, analyser);
  }
  return settings;
}

/** SQL_ASCII asks for bytes as they are stored, which UTF8 gives too where the database is UTF8. */
function utf8Only(value: string): string {
  if (!/^'?(utf-?8|unicode|sql_ascii|auto)'?$/i.test(value)) throw new DeniedError(`client_encoding ${value} is not supported: use UTF8`);
  return 'UTF8';
}

function decideSetting(name: string, value: string, gatekeeper: Gatekeeper, analyser: Analyser): void {
  if (!/^[A-Za-z_][\w.]*$/.test(name)) throw new DeniedError(`"${name}" is not the name of a setting`);
  const sql = `SET ${name.split('.').map((part) => `"${part.toLowerCase()}"`).join('.')} TO '${value.replaceAll("'", "''")}'`;
  const none = (): undefined => undefined;
  const { statements } = analyser.analyse(sql, { catalog: undefined, catalogStamp: 'startup', searchPath: [], standardConformingStrings: true, prepared: none, cursor: none });
  const verdict = gatekeeper.judge(statements, false);
  if (verdict.effect !== 'allow') throw new DeniedError(`the startup setting ${name} is refused: ${verdict.reason}`, verdict.policyIds);
}

/** `-c name=value`, `-cname=value` and `--name=value`, with backslash escaping white space (libpq's `options`). */
export function parseOptions(options: string): [string, string][] {
  const words = (options.match(/(?:\\.|[^\s\\])+/gs) ?? []).map((w) => w.replace(/\\(.)/gs, '$1'));
  const settings: [string, string][] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const text = word === '-c' ? (words[++i] ?? '') : word.startsWith('--') ? word.slice(2) : word.startsWith('-c') ? word.slice(2) : undefined;
    const equals = text?.indexOf('=') ?? -1;
    if (text === undefined || equals < 1) throw new DeniedError(`the startup option "${word}" is not supported: use -c name=value`);
    settings.push([text.slice(0, equals).replaceAll('-', '_'), text.slice(equals + 1)]);
  }
  return settings;
}
