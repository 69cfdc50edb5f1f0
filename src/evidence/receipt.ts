/** Receipts: the store's signed word that it holds a part of a recording. */
import { MalformedError } from '../base/errors.ts';
import type { SessionId } from '../base/ids.ts';
import { parseEnvelope, payloadJson, verifyEnvelope } from './dsse.ts';
import { parseReceipt, type ReceiptStatement } from './statements.ts';
import type { PublicKeyRef } from './types.ts';
import { webCrypto, type CryptoPort } from './verify-crypto.ts';

export interface VerifyReceiptInput {
  readonly envelope: string;
  /** Receipt keys of the store, from trust. Never empty in a working set-up. */
  readonly keys: readonly PublicKeyRef[];
  /** What must have been received. */
  readonly expect: { readonly sessionId: SessionId; readonly part: ReceiptStatement['part']; readonly sha256: string };
  readonly crypto?: CryptoPort;
}

/**
 * Checks that a trusted store key says it holds exactly this part. The spool deletes nothing before this returns.
 * @throws MalformedError with the reason when the receipt does not say so
 */
export async function verifyReceipt(input: VerifyReceiptInput): Promise<ReceiptStatement> {
  const { crypto = webCrypto, expect } = input;
  const receipt = await readReceipt(input.envelope, input.keys, crypto);
  const same = receipt.session_id === expect.sessionId && receipt.part === expect.part && receipt.sha256 === expect.sha256;
  if (!same) throw new MalformedError('malformed.value', `the receipt is for part ${receipt.part} of ${receipt.session_id}, not for part ${expect.part} of ${expect.sessionId}`);
  return receipt;
}

/** Signature and form only. @throws MalformedError */
export async function readReceipt(envelopeText: string, keys: readonly PublicKeyRef[], crypto: CryptoPort): Promise<ReceiptStatement> {
  const envelope = parseEnvelope(envelopeText, 'receipt');
  const only = envelope.signatures[0];
  const key = keys.find((k) => k.keyId === only?.keyId);
  if (key === undefined || envelope.signatures.length !== 1) throw new MalformedError('malformed.value', 'the receipt is not signed by a trusted store key');
  if (!(await verifyEnvelope(envelope, key, crypto))) throw new MalformedError('malformed.value', 'the signature does not fit the receipt');
  return parseReceipt(payloadJson(envelope));
}
