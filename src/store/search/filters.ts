/** What is asked, as conditions of one query over search_statements. */
import { z } from 'zod';
import type { SearchFilters } from '../../contract/store/index.ts';
import type { Queries, SqlValue } from '../db/database.ts';
import { askQuery, parseAsk, type Term } from './ask.ts';
import { plain, tag, type Tag } from './words.ts';

/** Only what these people did: the caller's own rights. */
export interface Scope {
  /** Undefined: everybody's. */
  readonly owner: { readonly iss: string; readonly sub: string } | undefined;
}

export interface Asked {
  readonly terms: readonly Term[];
  readonly contains: string | undefined;
  /** Text form of a tsquery; empty when words and exact values are not asked for. */
  readonly query: string;
  /** Sessions, when they are named: a list of their numbers. */
  readonly sids: readonly number[] | undefined;
  readonly person: number | undefined;
  /** In lower case. */
  readonly protocols: readonly string[] | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

const id = z.object({ id: z.number() });
/** Names that mean many people are narrowed by hand. */
const PEOPLE_MAX = 200;

/**
 * Undefined when nothing can match: a person or session that is not there.
 * @throws StoreError bad_request for a text without words
 */
export async function asked(q: Queries, f: SearchFilters, scope: Scope): Promise<Asked | undefined> {
  const terms = f.text === undefined ? [] : parseAsk(f.text);
  const owner = scope.owner === undefined ? undefined : (await q.first(id, 'select id from search_people where iss = $1 and sub = $2', [scope.owner.iss, scope.owner.sub]))?.id;
  if (scope.owner !== undefined && owner === undefined) return undefined;
  const anyOf: (readonly Tag[])[] = [];
  const add = (kind: Parameters<typeof tag>[0], values: readonly string[] | undefined): void => {
    if (values !== undefined) anyOf.push(values.map((v) => tag(kind, v)));
  };
  if (f.person !== undefined) {
    const people = await peopleNamed(q, f.person);
    if (people.length === 0) return undefined;
    anyOf.push(people.map((p) => tag('person', String(p))));
  }
  if (owner !== undefined) anyOf.push([tag('person', String(owner))]);
  add('group', f.group);
  add('target', f.target);
  add('decision', f.decision);
  add('policy', f.policy);
  add('data_class', f.data_class);
  add('unmasked', f.unmasked);
  add('table', f.table);
  add('verb', f.verb);
  add('device', f.device);
  add('client', f.client);
  if (f.failed === true) anyOf.push([tag('failed', '1')]);
  const sids = f.session === undefined ? undefined : (await q.rows(id, 'select sid as id from search_sessions where session_id in (select jsonb_array_elements_text($1::jsonb))', [JSON.stringify(f.session)])).map((r) => r.id);
  if (sids?.length === 0) return undefined;
  return { terms, contains: f.contains === undefined ? undefined : plain(f.contains), query: askQuery(terms, anyOf), sids, person: owner, protocols: f.protocol?.map((p) => p.toLowerCase()), fromMs: f.from_ms ?? 0, toMs: f.to_ms ?? 8.64e15 };
}

async function peopleNamed(q: Queries, names: readonly string[]): Promise<number[]> {
  const rows = await q.rows(
    id,
    `select id from search_people where lower(sub) in (select lower(jsonb_array_elements_text($1::jsonb)))
     union select id from search_people where lower(name) in (select lower(jsonb_array_elements_text($1::jsonb))) limit $2`,
    [JSON.stringify(names.map(plain)), PEOPLE_MAX],
  );
  return rows.map((r) => r.id);
}

/** Collects parameters while SQL is being written. */
export class Params {
  readonly values: SqlValue[] = [];
  add(value: SqlValue): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** Everything but time and place in the order. Names come from this code, values are parameters. */
export function conditions(a: Asked, params: Params): string[] {
  const all: string[] = [];
  if (a.query !== '') all.push(`words @@ ${params.add(a.query)}::tsquery`);
  if (a.sids !== undefined) all.push(`sid in (select jsonb_array_elements_text(${params.add(JSON.stringify(a.sids))}::jsonb)::bigint)`);
  // Of the session: rows that were indexed before this could be asked have no lexeme for it.
  if (a.protocols !== undefined) all.push(`sid in (select p.sid from search_sessions p where lower(p.meta::jsonb ->> 'protocol') in (select jsonb_array_elements_text(${params.add(JSON.stringify(a.protocols))}::jsonb)))`);
  // Said a second time, beside the index: whose rows somebody may see hangs on no lexeme.
  if (a.person !== undefined) all.push(`person = ${params.add(a.person)}`);
  if (a.contains !== undefined) all.push(`shown ilike ${params.add(`%${a.contains.replaceAll(/[\\%_]/g, (c) => `\\${c}`)}%`)}`);
  return all;
}
