/**
 * The sign-on to a target with a certificate: a key pair that exists in this process's memory only, and the answer to
 * the target that shows the store's certificate and signs with that key (RFC 4252 section 7, PROTOCOL.certkeys of OpenSSH).
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { inspect } from 'node:util';
import ssh2, { type Client, type IdentityCallback, type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';
import { equalBytes } from '../../base/encoding.ts';
import { BugError, EnvironmentError, MalformedError } from '../../base/errors.ts';
import { type Certificate, decodeCertificate, ED25519_CERTIFICATE } from '../../wire/ssh/certificate.ts';
import { blobOfLine, ED25519, encodePublicKey, encodeSignature, keyLine } from '../../wire/ssh/public-key.ts';
import { parsed } from './host-keys.ts';
import { sendInstead } from './library.ts';

/** Good for one sign-on. The private half cannot be printed, exported or sent anywhere. */
export interface EphemeralKey {
  /** `ssh-ed25519 AAAA...`: what the store makes a certificate for. */
  readonly publicKey: string;
  /** Wire form. */
  readonly blob: Uint8Array;
  /** @returns 64 bytes */
  sign(data: Uint8Array): Uint8Array;
}

export function ephemeralKey(): EphemeralKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  if (x === undefined) throw new BugError('a key that was just made has no public half');
  const blob = encodePublicKey(Buffer.from(x, 'base64url'));
  const key = { publicKey: keyLine(ED25519, blob), blob, sign: (data: Uint8Array) => sign(null, data, privateKey) };
  Object.defineProperty(key, inspect.custom, { value: () => `[key ${key.publicKey}]`, enumerable: false });
  return key;
}

/**
 * The store's answer, checked before it is shown to anybody: a user certificate, of our key, in its time by our clock.
 * Whether its CA is the right one is for the target to say.
 * @param line `ssh-ed25519-cert-v01@openssh.com AAAA...`
 * @throws EnvironmentError env.store
 */
export function certificateFor(key: EphemeralKey, line: string, nowMs: number): { readonly blob: Uint8Array; readonly certificate: Certificate } {
  let blob: Uint8Array;
  let certificate: Certificate;
  try {
    blob = blobOfLine(ED25519_CERTIFICATE, line);
    certificate = decodeCertificate(blob).certificate;
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new EnvironmentError('env.store', `the store sent a certificate that makes no sense: ${cause.message}`, { cause });
  }
  if (certificate.type !== 'user') throw new EnvironmentError('env.store', 'the store sent the certificate of a host');
  if (!equalBytes(encodePublicKey(certificate.publicKey), key.blob)) throw new EnvironmentError('env.store', 'the store sent a certificate of another key');
  if (certificate.validBeforeS <= BigInt(Math.floor(nowMs / 1000))) throw new EnvironmentError('env.store', 'the certificate that the store sent has expired already: is the clock of this machine right?');
  return { blob, certificate };
}

/** What ssh2 asks for keys and signatures: it has this one key, known by its certificate. Give it with `authHandler: ['agent']`. */
export class CertificateAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #client: Client;
  readonly #key: EphemeralKey;
  readonly #identity: ParsedKey;

  /** @param client the connection that it signs on, and no other */
  constructor(client: Client, key: EphemeralKey, certificate: Uint8Array) {
    super();
    this.#client = client;
    this.#key = key;
    this.#identity = identityOf(key, certificate);
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    done(undefined, [this.#identity]);
  }

  override sign(_identity: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, callback?: SignCallback): void {
    const done = typeof options === 'function' ? options : callback;
    if (done === undefined) throw new BugError('nobody waits for this signature');
    const signature = Buffer.from(this.#key.sign(data));
    sendInstead(this.#client, signedRequest(data, signature), () => done(undefined, signature));
  }
}

/** A public key of the library, under the certificate's type and bytes: those are what it shows to the target. */
function identityOf(key: EphemeralKey, certificate: Uint8Array): ParsedKey {
  const known = parsed(key.publicKey);
  if (known === undefined) throw new BugError('a key that was just made does not parse');
  return Object.create(known, { type: { value: ED25519_CERTIFICATE }, getPublicSSH: { value: () => Buffer.from(certificate) } }) as ParsedKey;
}

/**
 * The SSH_MSG_USERAUTH_REQUEST: what was signed, without the session id before it, and the signature. The library would
 * name the certificate's type as the signature's; a signature has the type of the plain key.
 */
function signedRequest(data: Buffer, signature: Uint8Array): Buffer {
  const request = data.subarray(4 + data.readUInt32BE(0));
  const blob = encodeSignature(signature);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(blob.length);
  return Buffer.concat([request, length, blob]);
}
