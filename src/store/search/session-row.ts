/** What the index knows of a session as a whole: who, where, with what, in which groups. */
import { z } from 'zod';
import type { SessionId } from '../../base/ids.ts';
import { MalformedError } from '../../base/errors.ts';
import { parseEnvelope, payloadJson } from '../../evidence/dsse.ts';
import { parseOpen } from '../../evidence/statements.ts';
import type { Queries } from '../db/database.ts';
import { cut } from './fold-parts.ts';
import { tag, type Tag } from './words.ts';

const LIST_MAX = 500;
const text = z.string();

/** Stored as JSON beside the session. */
export const sessionMeta = z.strictObject({ groups: z.array(text), protocol: text, database: text, labels: z.record(text, text) });
export type SessionMeta = z.output<typeof sessionMeta>;
export const metaJson = text.transform((t): SessionMeta => sessionMeta.parse(JSON.parse(t)));

export interface IndexedSession {
  readonly sid: number;
  readonly person: number;
  readonly deviceId: string;
  readonly connection: string;
  readonly client: string;
  readonly meta: SessionMeta;
}

const row = z
  .object({ sid: z.number(), person: z.number(), device_id: text, connection: text, client: text, meta: metaJson })
  .transform((r): IndexedSession => ({ sid: r.sid, person: r.person, deviceId: r.device_id, connection: r.connection, client: r.client, meta: r.meta }));
const recordingRow = z.object({ iss: text, sub: text, name: text, device_id: text, connection: text, client: text, opened_ms: z.number(), open_envelope: text });
const id = z.object({ id: z.number() });

/** The session's row, made at its first chunk. @throws MalformedError when the recording is not there any more */
export async function indexedSession(tx: Queries, session: SessionId): Promise<IndexedSession> {
  const find = (): Promise<IndexedSession | undefined> => tx.first(row, 'select sid, person, device_id, connection, client, meta from search_sessions where session_id = $1', [session]);
  const known = await find();
  if (known !== undefined) return known;
  // The name is the one that sign-in established, not the one that the device wrote into its statement.
  const recording = await tx.first(
    recordingRow,
    'select r.iss, r.sub, coalesce(p.name, r.sub) as name, r.device_id, r.connection, r.client, r.opened_ms, r.open_envelope from recordings r left join people p on p.iss = r.iss and p.sub = r.sub where r.session_id = $1',
    [session],
  );
  if (recording === undefined) throw new MalformedError('malformed.value', 'the recording is gone');
  const person = await personId(tx, recording);
  await tx.run('insert into search_sessions (session_id, person, device_id, connection, client, meta, opened_ms) values ($1,$2,$3,$4,$5,$6,$7) on conflict do nothing', [
    session,
    person,
    recording.device_id,
    cut(recording.connection, 255),
    cut(recording.client, 255),
    JSON.stringify(metaOf(recording.open_envelope)),
    recording.opened_ms,
  ]);
  const made = await find();
  if (made === undefined) throw new MalformedError('malformed.value', 'the session could not be indexed');
  return made;
}

async function personId(tx: Queries, p: { iss: string; sub: string; name: string }): Promise<number> {
  const found = await tx.first(id, 'insert into search_people (iss, sub, name) values ($1,$2,$3) on conflict (iss, sub) do update set name = excluded.name returning id', [p.iss, p.sub, cut(p.name, 255)]);
  return found?.id ?? 0;
}

function metaOf(envelope: string): SessionMeta {
  const { user, target } = parseOpen(payloadJson(parseEnvelope(envelope, 'open')));
  const labels = Object.fromEntries(Object.entries(target.labels).slice(0, LIST_MAX).map(([k, v]) => [cut(k, 255), cut(v, 1_000)]));
  return { groups: user.groups.slice(0, LIST_MAX).map((g) => cut(g, 255)), protocol: cut(target.protocol, 50), database: cut(target.database, 255), labels };
}

/** What every statement of the session is found by. */
export const sessionTags = (s: IndexedSession): Tag[] => [
  tag('person', String(s.person)),
  tag('target', s.connection),
  tag('device', s.deviceId),
  tag('client', s.client),
  ...s.meta.groups.map((g) => tag('group', g)),
];
