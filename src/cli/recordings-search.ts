/** `sallyport recordings search`: who did what, when, and what became of it, from the store's index. */
import type { Command } from 'commander';
import { ConfigError } from '../base/errors.ts';
import { searchBody, type SearchBody, type SearchHit, type SearchReply } from '../contract/store/index.ts';
import { withIdentity } from './identity-options.ts';
import { remote, type Place } from './recordings-place.ts';
import { parseTime } from './times.ts';

interface Options extends Place {
  readonly json?: boolean;
  readonly contains?: string;
  readonly person?: string[];
  readonly group?: string[];
  readonly target?: string[];
  readonly decision?: string[];
  readonly policy?: string[];
  readonly dataClass?: string[];
  readonly unmasked?: string[];
  readonly table?: string[];
  readonly verb?: string[];
  readonly protocol?: string[];
  readonly device?: string[];
  readonly client?: string[];
  readonly session?: string[];
  readonly failed?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
  readonly facets?: boolean;
}

const PAGE = 200;

export function addSearch(root: Command): void {
  const command = root.command('search [words...]').description('statements in the store that hold these words ("orders.customer_id", cust*, or a phrase in quotes), newest first; yours, or as an auditor all');
  const lists: [string, string][] = [
    ['--person <names...>', 'subject or name'],
    ['--group <names...>', 'group of the person when the session opened'],
    ['--target <names...>', 'connection'],
    ['--decision <decisions...>', 'allow, held, denied, approved'],
    ['--policy <ids...>', 'policy that decided'],
    ['--data-class <ids...>', 'data class that was masked in the answer'],
    ['--unmasked <ids...>', 'data class that the answer showed in clear'],
    ['--table <names...>', 'table that the statement names'],
    ['--verb <verbs...>', 'SELECT, UPDATE ...; exec, line, shell, read, write, forward ... of hosts'],
    ['--protocol <protocols...>', 'postgres, ssh'],
    ['--device <ids...>', 'device'],
    ['--client <programs...>', 'client program'],
    ['--session <ids...>', 'session'],
  ];
  for (const [flags, what] of lists) command.option(flags, what);
  withIdentity(command, 'required')
    .option('--contains <characters>', 'these characters anywhere in the statement')
    .option('--failed', 'only statements that the target answered with an error')
    .option('--since <time>', 'like 30d, 12h, or a date')
    .option('--until <time>', 'like 30d, 12h, or a date')
    .option('--limit <number>', 'most statements to print', '50')
    .option('--facets', 'also count by person, target, decision, table and more')
    .action(search);
  withIdentity(root.command('reindex [session]').description('build the search index of the store anew, of one session or of all (administrators)'), 'required').action(reindex);
}

async function search(words: readonly string[], o: Options): Promise<void> {
  const limit = Number(o.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000) throw new ConfigError('must be a number from 1 to 100000', { field: '--limit' });
  const body = bodyOf(words, o);
  const client = await remote(o);
  const hits: SearchHit[] = [];
  let first: SearchReply | undefined;
  let cursor: string | undefined;
  do {
    const reply: SearchReply = await client.search({ ...body, limit: Math.min(PAGE, limit - hits.length), facets: o.facets === true && first === undefined, ...(cursor === undefined ? {} : { cursor }) });
    first ??= reply;
    hits.push(...reply.hits);
    cursor = reply.next_cursor;
  } while (cursor !== undefined && hits.length < limit);
  if (o.json) {
    process.stdout.write(`${JSON.stringify({ hits, more: cursor !== undefined, ...(first.facets === undefined ? {} : { facets: first.facets }), index: first.index })}\n`);
    return;
  }
  for (const hit of hits) process.stdout.write(hitText(hit));
  if (first.facets !== undefined) process.stdout.write(facetsText(first.facets));
  process.stdout.write(`${hits.length} statements${cursor === undefined ? '' : '; there are more, raise --limit'}\n`);
  if (first.index.pending_chunks > 0) process.stderr.write(`${first.index.pending_chunks} parts of recordings are not indexed yet\n`);
}

/** Words of the shell are put together again: a quoted argument with a space is a phrase. */
function bodyOf(words: readonly string[], o: Options): SearchBody {
  const now = Date.now();
  const text = words.map((w) => (/\s/.test(w) ? `"${w.replaceAll('"', ' ')}"` : w)).join(' ');
  const all = {
    text: text === '' ? undefined : text,
    contains: o.contains,
    person: o.person,
    group: o.group,
    target: o.target,
    decision: o.decision,
    policy: o.policy,
    data_class: o.dataClass,
    unmasked: o.unmasked,
    table: o.table,
    verb: o.verb,
    protocol: o.protocol,
    device: o.device,
    client: o.client,
    session: o.session,
    failed: o.failed,
    from_ms: o.since === undefined ? undefined : parseTime(o.since, '--since', now),
    to_ms: o.until === undefined ? undefined : parseTime(o.until, '--until', now),
  };
  const given = Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined));
  const parsed = searchBody.safeParse(given);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((i) => i.message).join('; '), { field: `--${String(parsed.error.issues[0]?.path[0] ?? 'words').replaceAll('_', '-')}` });
  return parsed.data;
}

function hitText(h: SearchHit): string {
  const result = [h.decision, h.error === undefined ? undefined : `error ${h.error}`, h.rows === undefined ? undefined : `${h.rows} rows`, ...h.masked.map((m) => `masked ${m.data_class} ${m.cells}`)].filter((x) => x !== undefined).join(', ');
  const reason = h.decision === 'allow' || h.reason === '' ? '' : `    ${visible(h.reason)}\n`;
  return `${new Date(h.t_ms).toISOString()}  ${visible(h.person.sub)}  ${visible(h.connection)}  ${result}  ${h.id}\n    ${h.redacted && h.statement === '' ? '(redacted)' : visible(h.statement)}\n${reason}`;
}

function facetsText(f: NonNullable<SearchReply['facets']>): string {
  const lines = Object.entries(f.values).flatMap(([facet, values]) => (values.length === 0 ? [] : [`  ${facet}: ${values.map((v) => `${visible(v.value)} ${v.count}`).join(', ')}`]));
  return `${f.complete ? `${f.counted} matches` : `newest ${f.counted} matches`}:\n${lines.join('\n')}\n`;
}

/** One line, and nothing that steers a terminal. */
const visible = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '\ufffd');

async function reindex(session: string | undefined, o: Place & { json?: boolean }): Promise<void> {
  const parsed = session === undefined ? undefined : searchBody.shape.session.safeParse([session]);
  if (parsed !== undefined && !parsed.success) throw new ConfigError('is not a session id', { field: 'session' });
  const queued = await (await remote(o)).reindex(parsed?.data?.[0]);
  process.stdout.write(o.json ? `${JSON.stringify({ queued_chunks: queued })}\n` : `${queued} parts of recordings wait for the index\n`);
}
