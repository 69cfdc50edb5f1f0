/** Asks a C2SP witness to cosign a checkpoint (tlog-witness, add-checkpoint). */
import { MalformedError } from '../../base/errors.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import { formatSignatureLine, parseNote, parseSignatureLine, verifyCosignature, type NoteKey } from '../../evidence/note.ts';
import { formatAddCheckpoint } from '../../evidence/tlog-witness.ts';

const TIMEOUT_MS = 5_000;
const REPLY_LIMIT_CHARS = 16 * 1024;

export interface CosignRequest {
  /** The checkpoint with the log's signature. */
  readonly note: string;
  readonly size: number;
  readonly consistency: (oldSize: number) => Promise<readonly Uint8Array[]>;
}

export interface WitnessClient {
  readonly name: string;
  /** @returns the witness's signature line. @throws MalformedError or the network's error when there is none to be had */
  cosign(request: CosignRequest): Promise<string>;
}

/** @param url submission prefix: `add-checkpoint` is put behind it */
export function witnessClient(key: NoteKey, url: string): WitnessClient {
  // What this witness last cosigned, as far as this process knows; it says so itself when that is wrong.
  let known = 0;
  const post = (body: string): Promise<Response> =>
    fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, { method: 'POST', body, headers: { 'content-type': 'text/plain; charset=utf-8' }, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  return {
    name: key.name,
    cosign: async ({ note, size, consistency }) => {
      for (let attempt = 0; attempt < 2; attempt++) {
        const response = await post(formatAddCheckpoint({ oldSize: known, proof: await consistency(known), checkpoint: note }));
        const text = await response.text();
        if (response.status === 200) {
          const line = await checkedLine(note, key, text);
          known = size;
          return line;
        }
        const told = Number(text.trim());
        if (response.status !== 409 || !Number.isSafeInteger(told) || told < 0 || told > size) throw new MalformedError('malformed.value', `it answered ${response.status}`);
        known = told;
      }
      throw new MalformedError('malformed.value', 'it does not agree with itself on the size that it cosigned');
    },
  };
}

async function checkedLine(note: string, key: NoteKey, answer: string): Promise<string> {
  if (answer.length > REPLY_LIMIT_CHARS || !answer.endsWith('\n')) throw new MalformedError('malformed.length', 'its answer is not signature lines');
  for (const line of answer.slice(0, -1).split('\n')) {
    const signature = parseSignatureLine(line);
    const found = await verifyCosignature({ ...parseNote(note), signatures: [signature] }, key, nodeCrypto);
    if (found.state === 'good') return formatSignatureLine(signature);
  }
  throw new MalformedError('malformed.value', 'its answer holds no good cosignature of the configured key');
}
