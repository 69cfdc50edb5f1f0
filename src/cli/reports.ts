/** `sallyport reports`: what an audit asks for, from the store's index, as text, JSON, CSV or a page for printing. */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { ConfigError } from '../base/errors.ts';
import type { Report, ReportKind, ReportQuery } from '../contract/store/index.ts';
import { withIdentity } from './identity-options.ts';
import { remote, type Place } from './recordings-place.ts';
import { parseTime } from './times.ts';

interface Options extends Place {
  readonly json?: boolean;
  readonly since: string;
  readonly until?: string;
  readonly person?: string;
  readonly target?: string;
  readonly csv?: string;
  readonly html?: string;
}

const KINDS: readonly [string, ReportKind, string][] = [
  ['access-review', 'access_review', 'who used which target, in which groups, how much, first and last'],
  ['approvals', 'approvals', 'each approval: what was asked, who decided and why, what became of it'],
  ['exceptions', 'exceptions', 'denied, held and approved statements, break-glass, gaps, sessions without an end'],
  ['activity', 'activity', 'what each person did on each day'],
];

export function reportsCommand(): Command {
  const root = new Command('reports').description('reports of a period for auditors, with the query and the log position that they rest on');
  for (const [name, kind, what] of KINDS) {
    withIdentity(root.command(name).description(what), 'required')
      .option('--since <time>', 'begin: like 90d, 12h, or a date', '30d')
      .option('--until <time>', 'end, not included; default: now')
      .option('--person <name>', 'subject or name')
      .option('--target <name>', 'connection')
      .option('--csv <file>', 'write CSV (RFC 4180; cells that a spreadsheet would run are made text)')
      .option('--html <file>', 'write a page for printing')
      .action((o: Options) => run(kind, o));
  }
  return root;
}

async function run(kind: ReportKind, o: Options): Promise<void> {
  const now = Date.now();
  const query: ReportQuery = {
    from_ms: parseTime(o.since, '--since', now),
    to_ms: o.until === undefined ? now : parseTime(o.until, '--until', now),
    ...(o.person === undefined ? {} : { person: o.person }),
    ...(o.target === undefined ? {} : { target: o.target }),
  };
  if (query.to_ms <= query.from_ms) throw new ConfigError('the period ends before it begins', { field: '--until' });
  const client = await remote(o);
  const files = [['csv', o.csv], ['html', o.html]] as const;
  for (const [format, file] of files) {
    if (file === undefined) continue;
    writeFileSync(file, await client.reportFile(kind, format, query), { mode: 0o600 });
    process.stdout.write(`${file}\n`);
  }
  if (o.csv !== undefined || o.html !== undefined) return;
  const report = await client.report(kind, query);
  process.stdout.write(o.json ? `${JSON.stringify(report)}\n` : reportText(report));
}

function reportText(r: Report): string {
  const { basis } = r;
  const lines = r.rows.map((row) => row.flatMap((cell, i) => (cell === null || cell === '' ? [] : [`${r.columns[i]?.title ?? ''}: ${r.columns[i]?.type === 'time' && typeof cell === 'number' ? new Date(cell).toISOString() : visible(String(cell))}`])).join('  '));
  const waiting = basis.pending_chunks + basis.failed_chunks;
  return [
    `${r.title}, ${new Date(basis.query.from_ms).toISOString()} to ${new Date(basis.query.to_ms).toISOString()}`,
    ...lines,
    `${r.rows.length} rows; transparency log at ${basis.log.size} entries, root ${basis.log.root}`,
    ...(waiting === 0 ? [] : [`INCOMPLETE: ${waiting} parts of recordings are not indexed`]),
    '',
  ].join('\n');
}

const visible = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '\ufffd');
