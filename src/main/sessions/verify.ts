/** Verification for the window: the evidence is read here, the words are the product's. */
import type { VerifyReport as Shown } from '../../contract/ipc/sessions.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import type { RecordingSource } from '../../evidence/source.ts';
import type { Trust } from '../../evidence/trust.ts';
import { verifyRecording } from '../../evidence/verify.ts';
import { shownReport } from '../../ui/verify-shown.ts';

/**
 * The device's own copy: it has no proofs of the log, which the store adds to an export.
 * @param live the session is still being written: that it has no end yet is then no failure
 */
export async function verifyForWindow(source: RecordingSource, trust: Trust, live: boolean): Promise<Shown> {
  return shownReport(await verifyRecording(source, trust, { crypto: nodeCrypto, proofs: 'if present' }), live, Date.now());
}
