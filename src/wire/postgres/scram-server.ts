/**
 * SCRAM-SHA-256 as the server: the local listener, whose password is a random secret of the session. Channel binding
 * is not offered: a client may say that it cannot ('n') or that it could ('y'); one that insists ('p=') is refused.
 * RFC 5802 sections 3, 5 and 6.
 */
import { equalBytes, fromBase64, toBase64, utf8 } from '../../base/encoding.ts';
import { BugError, MalformedError } from '../../base/errors.ts';
import { scramPassword } from './saslprep.ts';
import type { ScramHash } from './scram-common.ts';
import { SCRAM_KEY_BYTES, attributesOf, clientKeyLabel, isNonce, portableScramHash, scramIterations, scramText, serverKeyLabel, xor } from './scram-common.ts';
import { toBuffer } from './writer.ts';

/** What a server keeps instead of the password. It lets nobody sign on, but guesses can be tried against it: keep it in memory only. */
export interface ScramVerifier {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** `salt`: 16 random bytes. Made once per listener secret, since it costs the key derivation. */
export function createScramVerifier(password: string, salt: Uint8Array, iterations: number = scramIterations.min, hash: ScramHash = portableScramHash): ScramVerifier {
  if (salt.length === 0 || !(iterations >= scramIterations.min)) throw new BugError('a SCRAM verifier needs a salt and enough iterations');
  const salted = hash.pbkdf2Sha256(utf8(scramPassword(password)), salt, iterations);
  const storedKey = hash.sha256(hash.hmacSha256(salted, clientKeyLabel));
  return { salt, iterations, storedKey, serverKey: hash.hmacSha256(salted, serverKeyLabel) };
}

export type ScramResult =
  /** `message`: the data of AuthenticationSASLFinal, to be sent before AuthenticationOk. */
  | { readonly ok: true; readonly message: Buffer }
  /** The proof is wrong: the client does not know the password. */
  | { readonly ok: false };

type State = { readonly step: 'start' } | { readonly step: 'first'; readonly gs2Header: string; readonly nonce: string; readonly transcript: string } | { readonly step: 'done' };

/**
 * @example
 * const scram = new ScramServer(verifier, nonce);
 * send(encodeAuthenticationSaslContinue(scram.first(initial.data)));
 * const result = scram.finish(decodeSaslResponse(raw));
 */
export class ScramServer {
  readonly #verifier: ScramVerifier;
  readonly #nonce: string;
  readonly #hash: ScramHash;
  #state: State = { step: 'start' };

  /** `nonce`: fresh and random for each sign-on, printable without commas: base64 of 18 random bytes. */
  constructor(verifier: ScramVerifier, nonce: string, hash: ScramHash = portableScramHash) {
    if (!isNonce(nonce)) throw new BugError('the nonce must be printable ASCII without commas');
    this.#verifier = verifier;
    this.#nonce = nonce;
    this.#hash = hash;
  }

  /**
   * server-first-message, for the data of SASLInitialResponse. The user name in it is ignored, as PostgreSQL does: the
   * startup packet names the user.
   * @throws MalformedError also for channel binding and for an authorization identity.
   */
  first(clientFirst: Uint8Array): Buffer {
    if (this.#state.step !== 'start') throw new BugError(`SCRAM exchange is at ${this.#state.step}`);
    this.#state = { step: 'done' };
    const text = scramText(clientFirst);
    if (text.startsWith('p=')) throw new MalformedError('malformed.value', 'channel binding is asked for, which this listener does not offer');
    const gs2Header = text.slice(0, 3);
    if (gs2Header !== 'n,,' && gs2Header !== 'y,,') throw new MalformedError('malformed.value', 'SCRAM message begins with neither "n,," nor "y,,"');
    const bare = text.slice(3);
    const [, clientNonce = ''] = attributesOf(bare, 'nr');
    if (!isNonce(clientNonce)) throw new MalformedError('malformed.value', 'the client sent no proper nonce');
    const nonce = clientNonce + this.#nonce;
    const serverFirst = `r=${nonce},s=${toBase64(this.#verifier.salt)},i=${this.#verifier.iterations}`;
    this.#state = { step: 'first', gs2Header, nonce, transcript: `${bare},${serverFirst}` };
    return toBuffer(utf8(serverFirst));
  }

  /**
   * Checks the client's proof, the data of SASLResponse.
   * @throws MalformedError for another nonce, or channel binding data that contradict the first message.
   */
  finish(clientFinal: Uint8Array): ScramResult {
    const state = this.#state;
    if (state.step !== 'first') throw new BugError(`SCRAM exchange is at ${state.step}`);
    this.#state = { step: 'done' };
    const text = scramText(clientFinal);
    const [binding = '', nonce = '', proof64 = ''] = attributesOf(text, 'crp');
    if (binding !== toBase64(utf8(state.gs2Header))) throw new MalformedError('malformed.value', 'channel binding data differ from the first message');
    if (!equalBytes(utf8(nonce), utf8(state.nonce))) throw new MalformedError('malformed.value', 'the nonce is not the one of this exchange');
    const proof = fromBase64(proof64);
    if (proof.length !== SCRAM_KEY_BYTES) throw new MalformedError('malformed.length', `SCRAM proof of ${proof.length} bytes`);
    const authMessage = utf8(`${state.transcript},c=${binding},r=${nonce}`);
    const clientKey = xor(proof, this.#hash.hmacSha256(this.#verifier.storedKey, authMessage));
    if (!equalBytes(this.#hash.sha256(clientKey), this.#verifier.storedKey)) return { ok: false };
    const signature = this.#hash.hmacSha256(this.#verifier.serverKey, authMessage);
    return { ok: true, message: toBuffer(utf8(`v=${toBase64(signature)}`)) };
  }
}
