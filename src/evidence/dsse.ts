/**
 * DSSE 1.0.2: signed statements. The envelope's text is canonical (members in one order, no white space), so that
 * the file's digest is stable. Verification needs the key as an argument; the message never chooses key or algorithm.
 */
import { concatBytes, fromBase64, fromUtf8, toBase64, utf8 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { base64, list, object, parseJson, text } from './parse.ts';
import { webCrypto, type CryptoPort } from './verify-crypto.ts';
import type { PublicKeyRef } from './types.ts';

export const statementKinds = ['open', 'close', 'recovered', 'receipt', 'approval-request', 'approval-decision', 'redaction', 'export', 'bundle'] as const;
export type StatementKind = (typeof statementKinds)[number];

export const payloadType = (kind: StatementKind): string => `application/vnd.sallyport.${kind}+json`;

/** Largest envelope text that is parsed. An approval request carries a statement of up to 1 MiB. */
export const envelopeMaxChars = 8 * 1024 * 1024;

export interface EnvelopeSignature {
  readonly keyId: string;
  readonly signature: Uint8Array;
}

export interface Envelope {
  readonly kind: StatementKind;
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
}

/** Pre-authentication encoding: `DSSEv1 <len(type)> <type> <len(body)> <body>`. */
export function pae(type: string, payload: Uint8Array): Uint8Array {
  const typeBytes = utf8(type);
  return concatBytes([utf8(`DSSEv1 ${typeBytes.length} `), typeBytes, utf8(` ${payload.length} `), payload]);
}

/** The envelope's only text form. */
export function formatEnvelope(envelope: Envelope): string {
  const signatures = envelope.signatures.map((s) => ({ keyid: s.keyId, sig: toBase64(s.signature) }));
  return JSON.stringify({ payload: toBase64(envelope.payload), payloadType: payloadType(envelope.kind), signatures });
}

/** @throws MalformedError for anything that `formatEnvelope` would not have written, and for another kind than `kind`. */
export function parseEnvelope(envelope: string, kind: StatementKind): Envelope {
  const what = `${kind} envelope`;
  if (envelope.length > envelopeMaxChars) throw new MalformedError('malformed.length', `${what} is too large`);
  const fields = object(parseJson(envelope, what), what, ['payload', 'payloadType', 'signatures']);
  if (fields['payloadType'] !== payloadType(kind)) throw new MalformedError('malformed.unknown_type', `${what} has payload type ${JSON.stringify(fields['payloadType'])}`);
  const signatures = list(fields['signatures'], `${what} signatures`, parseSignature, 16);
  if (signatures.length === 0) throw new MalformedError('malformed.value', `${what} has no signature`);
  if (new Set(signatures.map((s) => s.keyId)).size !== signatures.length) throw new MalformedError('malformed.value', `${what} has two signatures of one key`);
  const payload = fromBase64(text(fields['payload'], `${what} payload`, envelopeMaxChars));
  const parsed: Envelope = { kind, payload, signatures };
  if (formatEnvelope(parsed) !== envelope) throw new MalformedError('malformed.encoding', `${what} is not in canonical form`);
  return parsed;
}

function parseSignature(value: unknown, what: string): EnvelopeSignature {
  const fields = object(value, what, ['keyid', 'sig']);
  return { keyId: text(fields['keyid'], `${what} keyid`, 128), signature: base64(fields['sig'], `${what} sig`) };
}

/** True when the envelope carries a good signature of exactly this key. Other signatures neither help nor harm. */
export async function verifyEnvelope(envelope: Envelope, key: PublicKeyRef, crypto: CryptoPort = webCrypto): Promise<boolean> {
  const signature = envelope.signatures.find((s) => s.keyId === key.keyId);
  if (signature === undefined) return false;
  return crypto.verify(key, pae(payloadType(envelope.kind), envelope.payload), signature.signature);
}

/** The payload as JSON. @throws MalformedError when it is not UTF-8 JSON. */
export const payloadJson = (envelope: Envelope): unknown => parseJson(fromUtf8(envelope.payload), `${envelope.kind} payload`);
