/** SCRAM-SHA-256 and -PLUS as the client: the proxy's sign-on to a target (RFC 5802 sections 3, 5 and 6). */
import { concatBytes, equalBytes, fromBase64, toBase64, utf8 } from '../../base/encoding.ts';
import { BugError, EnvironmentError, MalformedError } from '../../base/errors.ts';
import { saslPrep, scramPassword } from './saslprep.ts';
import type { ScramHash, ScramMechanism } from './scram-common.ts';
import { SCRAM, SCRAM_KEY_BYTES, SCRAM_PLUS, attributesOf, clientKeyLabel, isNonce, portableScramHash, scramIterations, scramText, serverKeyLabel, xor } from './scram-common.ts';
import { toBuffer } from './writer.ts';

/**
 * The strongest mechanism that both sides have. `hasChannelBinding`: TLS is in use and the server certificate's hash
 * is at hand; then -PLUS is taken wherever it is offered, so that nobody in between can relay the sign-on.
 * @throws EnvironmentError('env.upstream_auth') when none fits.
 */
export function selectScramMechanism(offered: readonly string[], hasChannelBinding: boolean): ScramMechanism {
  if (hasChannelBinding && offered.includes(SCRAM_PLUS)) return SCRAM_PLUS;
  if (offered.includes(SCRAM)) return SCRAM;
  throw new EnvironmentError('env.upstream_auth', `the server offers ${offered.join(', ') || 'no SASL mechanism'}; ${SCRAM} is needed`);
}

export interface ScramClientOptions {
  readonly mechanism: ScramMechanism;
  readonly password: string;
  /** Fresh and random for each sign-on, printable without commas: base64 of 18 random bytes. */
  readonly nonce: string;
  /** PostgreSQL takes the user from the startup packet and wants this empty, which is the default. */
  readonly user?: string;
  /**
   * The `tls-server-end-point` data of RFC 5929 section 4: hash of the server's certificate. Needed for -PLUS. With
   * the plain mechanism its presence says that we could bind but the server did not offer it; a server that did offer
   * it then detects that the offer was removed on the way.
   */
  readonly channelBinding?: Uint8Array;
  readonly minIterations?: number;
  readonly maxIterations?: number;
  readonly hash?: ScramHash;
}

type State =
  | { readonly step: 'start' }
  | { readonly step: 'first'; readonly bare: string }
  | { readonly step: 'final'; readonly serverSignature: Uint8Array }
  | { readonly step: 'done' }
  | { readonly step: 'failed' };

/**
 * @example
 * const scram = new ScramClient({ mechanism, password, nonce });
 * send(encodeSaslInitialResponse(mechanism, scram.first()));
 * send(encodeSaslResponse(scram.respond(saslContinue.data)));
 * scram.finish(saslFinal.data);
 */
export class ScramClient {
  readonly #password: string;
  readonly #options: Omit<ScramClientOptions, 'password'>;
  readonly #hash: ScramHash;
  readonly #gs2Header: string;
  #state: State = { step: 'start' };

  constructor(options: ScramClientOptions) {
    const { password, ...rest } = options;
    if (!isNonce(rest.nonce)) throw new BugError('the nonce must be printable ASCII without commas');
    if (rest.mechanism === SCRAM_PLUS && !rest.channelBinding) throw new BugError(`${SCRAM_PLUS} needs channel binding data`);
    this.#password = password;
    this.#options = rest;
    this.#hash = rest.hash ?? portableScramHash;
    this.#gs2Header = rest.mechanism === SCRAM_PLUS ? 'p=tls-server-end-point,,' : rest.channelBinding ? 'y,,' : 'n,,';
  }

  /** True once the server has proved that it knows the password. Without it AuthenticationOk must not be believed. */
  get isDone(): boolean {
    return this.#state.step === 'done';
  }

  /** client-first-message: the data of SASLInitialResponse. */
  first(): Buffer {
    this.#expect('start');
    const user = saslPrep(this.#options.user ?? '') ?? this.#options.user ?? '';
    const bare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${this.#options.nonce}`;
    this.#state = { step: 'first', bare };
    return toBuffer(utf8(this.#gs2Header + bare));
  }

  /**
   * client-final-message, for the data of AuthenticationSASLContinue.
   * @throws MalformedError when the server's message is malformed, its nonce does not continue ours, or the iteration
   * count is outside the bounds.
   */
  respond(serverFirst: Uint8Array): Buffer {
    const { bare } = this.#expect('first');
    this.#state = { step: 'failed' };
    const text = scramText(serverFirst);
    const [nonce = '', salt64 = '', count = ''] = attributesOf(text, 'rsi');
    if (!isNonce(nonce) || !nonce.startsWith(this.#options.nonce) || nonce.length === this.#options.nonce.length) {
      throw new MalformedError('malformed.value', "the server's nonce does not continue the client's");
    }
    const salt = fromBase64(salt64);
    if (salt.length === 0) throw new MalformedError('malformed.value', 'the server sent no salt');
    const salted = this.#hash.pbkdf2Sha256(utf8(scramPassword(this.#password)), salt, this.#iterationsOf(count));
    const clientKey = this.#hash.hmacSha256(salted, clientKeyLabel);
    const withoutProof = `c=${toBase64(this.#bindingInput())},r=${nonce}`;
    const authMessage = utf8(`${bare},${text},${withoutProof}`);
    const proof = xor(clientKey, this.#hash.hmacSha256(this.#hash.sha256(clientKey), authMessage));
    const serverSignature = this.#hash.hmacSha256(this.#hash.hmacSha256(salted, serverKeyLabel), authMessage);
    this.#state = { step: 'final', serverSignature };
    return toBuffer(utf8(`${withoutProof},p=${toBase64(proof)}`));
  }

  /**
   * Checks the data of AuthenticationSASLFinal: the server's own proof.
   * @throws EnvironmentError('env.upstream_auth') when the server reports an error or its signature is wrong.
   */
  finish(serverFinal: Uint8Array): void {
    const { serverSignature } = this.#expect('final');
    this.#state = { step: 'failed' };
    const text = scramText(serverFinal);
    if (text.startsWith('e=')) throw new EnvironmentError('env.upstream_auth', `the server refuses the sign-on: ${JSON.stringify(text.slice(2, 102))}`);
    const [signature = ''] = attributesOf(text, 'v');
    const received = fromBase64(signature);
    if (received.length !== SCRAM_KEY_BYTES || !equalBytes(received, serverSignature)) {
      throw new EnvironmentError('env.upstream_auth', 'the server did not prove that it knows the password: wrong SCRAM signature');
    }
    this.#state = { step: 'done' };
  }

  #bindingInput(): Uint8Array {
    const data = this.#options.mechanism === SCRAM_PLUS ? this.#options.channelBinding : undefined;
    return concatBytes([utf8(this.#gs2Header), data ?? new Uint8Array(0)]);
  }

  #iterationsOf(text: string): number {
    const count = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : NaN;
    const min = this.#options.minIterations ?? scramIterations.min;
    const max = this.#options.maxIterations ?? scramIterations.max;
    if (!(count >= min && count <= max)) {
      throw new MalformedError('malformed.value', `SCRAM iteration count ${JSON.stringify(text.slice(0, 20))} is not between ${min} and ${max}`);
    }
    return count;
  }

  #expect<S extends State['step']>(step: S): Extract<State, { step: S }> {
    const state = this.#state;
    if (!isStep(state, step)) throw new BugError(`SCRAM step ${step} is due, but the exchange is at ${state.step}`);
    return state;
  }
}

function isStep<S extends State['step']>(state: State, step: S): state is Extract<State, { step: S }> {
  return state.step === step;
}
