/** The files of a recording, and its export as one .srz. */
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { openRecordingDir } from '../../evidence/read-files.ts';
import type { SessionId } from '../../base/ids.ts';
import type { RecordingSource } from '../../evidence/source.ts';
import { writeSrz } from '../../evidence/srz.ts';
import type { User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
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
export async function exported(ports: IngestPorts, recording: RecordingRow, user: User, nowMs: number): Promise<Readable> {
  const session = recording.session_id;
  const taken = new Set((await filesOf(ports, recording)).map((f) => f.name));
  const temp = await mkdtemp(join(tmpdir(), 'sallyport-export-'));
  const remove = (): Promise<void> => rm(temp, { recursive: true, force: true });
  try {
    const source = await copied(ports, session, taken, join(temp, session));
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
async function copied(ports: IngestPorts, session: SessionId, names: ReadonlySet<string>, dir: string): Promise<RecordingSource> {
  for (const name of names) {
    const bytes = await ports.objects.get(objectKey(session, name));
    if (bytes === undefined) throw new StoreError('internal', `the object store lost ${name}`);
    await mkdir(dirname(join(dir, name)), { recursive: true, mode: 0o700 });
    await writeFile(join(dir, name), bytes, { mode: 0o600 });
  }
  return openRecordingDir(dir);
}
