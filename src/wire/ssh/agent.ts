/**
 * The protocol of SSH agents (draft-miller-ssh-agent), as far as it may pass through a forwarded agent: listing keys and
 * signing. Keys are added, removed and locked by other messages, which this codec does not know. Bytes in, messages out.
 */
import { ByteReader, ByteWriter, textOf } from '../../base/bytes.ts';
import { concatBytes, fromUtf8 } from '../../base/encoding.ts';
import { MalformedError } from '../../base/errors.ts';
import { readString } from './data-types.ts';

/** Section 5.1. */
export const agentMessage = { failure: 5, requestIdentities: 11, identitiesAnswer: 12, signRequest: 13, signResponse: 14 } as const;

/** SSH_AGENT_FAILURE with its length. */
export const AGENT_FAILURE = Uint8Array.of(0, 0, 0, 1, agentMessage.failure);

/** Largest message, as OpenSSH's own. */
export const MAX_AGENT_MESSAGE = 256 * 1024;

export type AgentRequest =
  | { readonly kind: 'identities' }
  /** `key`: public key in wire form. */
  | { readonly kind: 'sign'; readonly key: Uint8Array; readonly data: Uint8Array; readonly flags: number }
  /** Any other message, and one of these two that is not exactly as the draft says. */
  | { readonly kind: 'refused'; readonly type: number };

/** @param body of a message, from the byte of its type on. Never throws. */
export function decodeAgentRequest(body: Uint8Array): AgentRequest {
  const type = body[0] ?? 0;
  try {
    const r = new ByteReader(body);
    r.u8();
    if (type === agentMessage.requestIdentities) {
      r.end();
      return { kind: 'identities' };
    }
    if (type === agentMessage.signRequest) {
      const [key, data, flags] = [readString(r), readString(r), r.u32()];
      r.end();
      return { kind: 'sign', key, data, flags };
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
  return { kind: 'refused', type };
}

/** Whether this is an answer to that request: a failure, or the keys or signature that were asked for. Never throws. */
export function isAgentAnswer(request: AgentRequest['kind'], body: Uint8Array): 'done' | 'failed' | undefined {
  try {
    const r = new ByteReader(body);
    const type = r.u8();
    if (type === agentMessage.failure) {
      r.end();
      return 'failed';
    }
    if (request === 'identities' && type === agentMessage.identitiesAnswer) {
      // Each key is its public half and a comment.
      for (let n = r.u32(); n > 0; n--) {
        readString(r);
        readString(r);
      }
    } else if (request === 'sign' && type === agentMessage.signResponse) {
      readString(r);
    } else {
      return undefined;
    }
    r.end();
    return 'done';
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return undefined;
  }
}

/** Cuts a stream into messages: four bytes of length, then the body (section 3). */
export class AgentFramer {
  #parts: Uint8Array[] = [];
  #held = 0;
  /** Bytes that the next message takes, its length included, as far as that is known. */
  #needed = 4;

  /** Bodies of the messages that are whole now. @throws MalformedError for one that is empty or too long */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#needed) return [];
    const bytes = concatBytes(this.#parts);
    const bodies: Uint8Array[] = [];
    let at = 0;
    for (;;) {
      this.#needed = bytes.length - at < 4 ? 4 : 4 + lengthAt(bytes, at);
      if (bytes.length - at < this.#needed) break;
      bodies.push(bytes.subarray(at + 4, at + this.#needed));
      at += this.#needed;
    }
    this.#parts = [bytes.subarray(at)];
    this.#held = bytes.length - at;
    return bodies;
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const length = new ByteReader(bytes.subarray(at, at + 4)).u32();
  if (length === 0 || length > MAX_AGENT_MESSAGE) throw new MalformedError('malformed.length', `an agent message of ${length} bytes`);
  return length;
}

/** With its length in front. */
export const agentFrame = (body: Uint8Array): Uint8Array => new ByteWriter(4 + body.length).u32(body.length).bytes(body).finish();

export type SignedFor =
  /** A sign-on by SSH; `hostKey` in wire form where the client binds it to one. */
  | { readonly what: 'sign-on'; readonly user: string; readonly hostKey?: Uint8Array }
  /** A file, a commit: `ssh-keygen -Y sign`. */
  | { readonly what: 'signature'; readonly namespace: string }
  | { readonly what: 'unknown' };

const SSHSIG = [0x53, 0x53, 0x48, 0x53, 0x49, 0x47];
const USERAUTH_REQUEST = 50;

/** What the bytes that are to be signed say they are for: RFC 4252 section 7, OpenSSH's host-bound form of it, or SSHSIG. Never throws. */
export function signedFor(data: Uint8Array): SignedFor {
  try {
    if (SSHSIG.every((byte, i) => data[i] === byte)) return { what: 'signature', namespace: fromUtf8(readString(new ByteReader(data.subarray(SSHSIG.length)))) };
    const r = new ByteReader(data);
    readString(r);
    if (r.u8() !== USERAUTH_REQUEST) return { what: 'unknown' };
    const user = fromUtf8(readString(r));
    if (textOf(readString(r)) !== 'ssh-connection') return { what: 'unknown' };
    const method = textOf(readString(r));
    const isBound = method === 'publickey-hostbound-v00@openssh.com';
    if ((method !== 'publickey' && !isBound) || r.u8() !== 1) return { what: 'unknown' };
    readString(r);
    readString(r);
    const hostKey = isBound ? readString(r) : undefined;
    r.end();
    return { what: 'sign-on', user, ...(hostKey === undefined ? {} : { hostKey }) };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return { what: 'unknown' };
  }
}
