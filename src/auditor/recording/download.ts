/** Fetches the files of a recording from the store: all that a verifier needs, and nothing that it would have to believe. */
import { fromBase64 } from '../../base/encoding.ts';
import { recordingDetail, recordingProofs } from '../../contract/store/recordings.ts';
import type { RecordingSource } from '../../evidence/source.ts';
import { gunzipChunk } from '../../evidence/srz-read.ts';
import { ask, request } from '../api/http.ts';

const AT_ONCE = 4;

export interface Downloaded {
  readonly source: RecordingSource;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** @throws RequestError */
export async function download(session: string, onProgress: (loadedBytes: number, totalBytes: number) => void): Promise<Downloaded> {
  const base = `/v1/recordings/${encodeURIComponent(session)}`;
  const { files } = await ask(recordingDetail, base);
  const total = files.reduce((sum, f) => sum + f.bytes, 0);
  const contents = new Map<string, Uint8Array>();
  const left = [...files];
  let loaded = 0;
  onProgress(0, total);
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const path = next.name.split('/').map(encodeURIComponent).join('/');
      const bytes = new Uint8Array(await (await request(`${base}/files/${path}`)).arrayBuffer());
      contents.set(next.name, bytes);
      loaded += bytes.length;
      onProgress(loaded, total);
    }
  };
  // Where the recording stands in the store's log is said anew each time: the log grows.
  const proofs = async (): Promise<void> => {
    const made = await ask(recordingProofs, `${base}/proofs`);
    for (const { name, content } of made.files) contents.set(name, fromBase64(content));
  };
  await Promise.all([proofs(), ...Array.from({ length: AT_ONCE }, worker)]);
  return { source: sourceOf(contents), files: files.map(({ name, bytes }) => ({ name, bytes })) };
}

/** A recording in memory, as the verifier reads it. */
export function sourceOf(contents: ReadonlyMap<string, Uint8Array>): RecordingSource {
  const names = [...contents.keys()].sort();
  const chunks = names.filter((n) => n.startsWith('chunks/'));
  return {
    names,
    file: (name) => contents.get(name),
    log: () => (chunks.length === 0 ? undefined : unpack(chunks, contents)),
  };
}

async function* unpack(names: readonly string[], contents: ReadonlyMap<string, Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const name of names) yield* gunzipChunk(name, contents.get(name) ?? new Uint8Array(0));
}
