/** Verifies an .srz from its bytes, in Node and in browsers: a damaged container is a FAIL like any other. */
import { toHex } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import type { RecordingSource } from './source.ts';
import { readSrz } from './srz-read.ts';
import type { Trust } from './trust.ts';
import { verifyRecording, type VerifyOptions, type VerifyReport } from './verify.ts';
import { webCrypto } from './verify-crypto.ts';

export async function verifySrz(bytes: Uint8Array, trust: Trust, options: VerifyOptions = {}): Promise<VerifyReport> {
  let source: RecordingSource;
  try {
    source = readSrz(bytes);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    const root = toHex((options.crypto ?? webCrypto).sha256(new Uint8Array(0)));
    const firstBad = { code: 'container', n: 0, line: 0, reason: error.message } as const;
    return { verdict: 'FAIL', steps: [{ name: 'container', ok: false, detail: error.message }], firstBad, size: 0, root, signedThrough: 0, witnessedThrough: 0, redacted: 0, redactions: [] };
  }
  return verifyRecording(source, trust, options);
}
