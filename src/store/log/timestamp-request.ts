/** Asks a timestamp authority for one token (RFC 3161 section 2.4, over HTTP as section 3.4 says). */
import { createHash } from 'node:crypto';
import { OctetString } from 'asn1js';
import { AlgorithmIdentifier, MessageImprint, TimeStampReq, TimeStampResp } from 'pkijs';
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import type { TimestampAuthority } from '../../evidence/trust.ts';
import { verifyTimestampToken } from '../../evidence/verify-timestamp.ts';

const TIMEOUT_MS = 10_000;
const REPLY_LIMIT_BYTES = 64 * 1024;

/** @returns the token, verified against the configured authority. @throws EnvironmentError when there is none to be had */
export async function requestToken(o: { readonly url: string; readonly authority: TimestampAuthority }, message: Uint8Array): Promise<Uint8Array> {
  // Without a nonce: an older token for the same checkpoint would be as good.
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: '2.16.840.1.101.3.4.2.1' }),
      hashedMessage: new OctetString({ valueHex: new Uint8Array(createHash('sha256').update(message).digest()).buffer }),
    }),
    certReq: true,
  });
  try {
    const response = await fetch(o.url, { method: 'POST', body: request.toSchema().toBER(), headers: { 'content-type': 'application/timestamp-query' }, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 200 || body.length > REPLY_LIMIT_BYTES) throw new Error(`it answered ${response.status}`);
    const reply = TimeStampResp.fromBER(body);
    // PKIStatus 0 is granted, 1 granted with modifications (RFC 3161 section 2.4.2).
    const status: number = reply.status.status;
    if (status > 1 || reply.timeStampToken === undefined) throw new Error(`it refused with status ${status}`);
    const token = new Uint8Array(reply.timeStampToken.toSchema().toBER());
    await verifyTimestampToken(token, message, [o.authority]);
    return token;
  } catch (error) {
    throw new EnvironmentError('env.unreachable', `the timestamp authority ${o.authority.name} gave no timestamp: ${messageOf(error)}`, { cause: error });
  }
}
