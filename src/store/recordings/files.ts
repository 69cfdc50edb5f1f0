/** The files of a recording, and its export as one .srz. */
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fromUtf8, utf8 } from '../../base/encoding.ts';
import { nodeSha256 } from '../../evidence/node-crypto.ts';
import { openRecordingDir } from '../../evidence/read-files.ts';
import type { SessionId } from '../../base/ids.ts';
import { byPlace, fileNames, tlogProofName } from '../../evidence/source.ts';
import { writeSrz } from '../../evidence/srz.ts';
import { logLeafOf } from '../../evidence/tlog-entry.ts';
import type { Database } from '../db/database.ts';
import type { User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { appendToLog, type LogKind } from '../log/append.ts';
import { type IngestPorts, objectKey } from './ingest.ts';
import type { RecordingRow } from './repository.ts';

const NUMBERED = /^(?:chunks|receipts)\/([0-9]{6})\./;

/** Only what has been taken: an object of an upload that failed half way is not part of the recording. */
export async function filesOf(ports: IngestPorts, recording: RecordingRow): Promise<{ name: string; bytes: number }[]> {
  const all = await ports.objects.list(objectKey(recording.session_id, ''));
  return all
    .filter((f) => {
      const index = NUMBERED.exec(f.name)?.[1];
      if (index !== undefined) return Number(index) < recording.chunks;
      return f.name === 'open.dsse.json' || recording.state !== 'open';
    })
    .map((f) => ({ name: f.name, bytes: f.bytes }));
}

/** Writes the .srz aside and streams it; the temporary file goes when the stream ends, however it ends. */
export async function exported(ports: IngestPorts, db: Database, recording: RecordingRow, by: { readonly user: User; readonly nowMs: number }): Promise<Readable> {
  const { user, nowMs } = by;
  const session = recording.session_id;
  const taken = new Set((await filesOf(ports, recording)).map((f) => f.name));
  const temp = await mkdtemp(join(tmpdir(), 'sallyport-export-'));
  const remove = (): Promise<void> => rm(temp, { recursive: true, force: true });
  try {
    await copied(ports, session, taken, join(temp, session));
    for (const [name, bytes] of await proofFiles(ports, db, recording, nowMs)) await put(join(temp, session), name, bytes);
    const source = openRecordingDir(join(temp, session));
    const path = join(temp, 'export.srz');
    const exporter = { iss: user.iss, sub: user.sub, name: user.name };
    await writeSrz(source, path, { signer: ports.keys.receipt, exporter, purpose: 'download from the store', sessionId: session, nowMs });
    const stream = createReadStream(path);
    stream.once('close', () => void remove());
    return stream;
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The recording's files on this machine's disk, one in memory at a time. */
async function copied(ports: IngestPorts, session: SessionId, names: ReadonlySet<string>, dir: string): Promise<void> {
  for (const name of names) {
    await put(dir, name, await part(ports, session, name));
  }
}

async function part(ports: IngestPorts, session: SessionId, name: string): Promise<Buffer> {
  const bytes = await ports.objects.get(objectKey(session, name));
  if (bytes === undefined) throw new StoreError('internal', `the object store lost ${name}`);
  return bytes;
}

const LOGGED = /^(?:open|close|recovered|redactions\/.+)\.dsse\.json$/;

/**
 * The proofs that the recording's statements are in the transparency log, all under one checkpoint, and its timestamp.
 * @returns files of an export by name
 */
export async function proofFiles(ports: IngestPorts, db: Database, recording: RecordingRow, nowMs: number): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = (await filesOf(ports, recording)).map((f) => f.name).filter((n) => LOGGED.test(n));
  const statements: { name: string; text: string }[] = [];
  for (const name of names.sort(byPlace)) statements.push({ name, text: fromUtf8(await part(ports, recording.session_id, name)) });
  // A recording of before there was a log is logged when it is first taken out; any other is there already.
  await db.transaction(async (tx) => {
    for (const { name, text } of statements) await appendToLog(tx, { kind: kindOf(name), envelope: text, tMs: nowMs });
  });
  const { proofs, timestamp } = await ports.log.prove(statements.map(({ text }) => logLeafOf(utf8(text), nodeSha256)));
  const files = new Map(statements.map(({ name }, i) => [tlogProofName(name), utf8(proofs[i] ?? '')]));
  return timestamp === undefined ? files : files.set(fileNames.timestamp, timestamp);
}

const kindOf = (name: string): LogKind => (name === fileNames.open ? 'session.open' : name === fileNames.close ? 'session.close' : name === fileNames.recovered ? 'session.recovered' : 'redaction');

async function put(dir: string, name: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(dir, name)), { recursive: true, mode: 0o700 });
  await writeFile(join(dir, name), bytes, { mode: 0o600 });
}
