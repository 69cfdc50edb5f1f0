/** Authentication* messages of the server: Int32 code | what the code says. Documentation section "Message Formats". */
import { ByteReader, textOf } from '../../base/bytes.ts';
import { MalformedError } from '../../base/errors.ts';
import { HEADER_BYTES, authenticationCode as code, backendType } from './protocol.ts';
import { frame } from './writer.ts';

export type AuthenticationRequest =
  | { readonly method: 'Ok' }
  | { readonly method: 'KerberosV5' }
  | { readonly method: 'CleartextPassword' }
  | { readonly method: 'MD5Password'; readonly salt: Buffer }
  | { readonly method: 'SCMCredential' }
  | { readonly method: 'GSS' }
  | { readonly method: 'SSPI' }
  | { readonly method: 'GSSContinue'; readonly data: Buffer }
  /** In the server's order of preference, never empty. */
  | { readonly method: 'SASL'; readonly mechanisms: readonly string[] }
  | { readonly method: 'SASLContinue'; readonly data: Buffer }
  | { readonly method: 'SASLFinal'; readonly data: Buffer };

/** @throws MalformedError also for a code that is not known: such a sign-on cannot be understood. */
export function decodeAuthentication(body: Buffer): AuthenticationRequest {
  const r = new ByteReader<Buffer>(body, HEADER_BYTES);
  const request = decodeRequest(r);
  r.end();
  return request;
}

function decodeRequest(r: ByteReader<Buffer>): AuthenticationRequest {
  const value = r.i32();
  switch (value) {
    case code.Ok: // nothing more
      return { method: 'Ok' };
    case code.KerberosV5:
      return { method: 'KerberosV5' };
    case code.CleartextPassword:
      return { method: 'CleartextPassword' };
    case code.MD5Password: // Byte4 salt
      return { method: 'MD5Password', salt: r.bytes(4) };
    case code.SCMCredential:
      return { method: 'SCMCredential' };
    case code.GSS:
      return { method: 'GSS' };
    case code.SSPI:
      return { method: 'SSPI' };
    case code.GSSContinue: // Byten data
      return { method: 'GSSContinue', data: r.rest() };
    case code.SASL: // String mechanism, repeated | Byte1 0
      return { method: 'SASL', mechanisms: decodeMechanisms(r) };
    case code.SASLContinue: // Byten data
      return { method: 'SASLContinue', data: r.rest() };
    case code.SASLFinal: // Byten data
      return { method: 'SASLFinal', data: r.rest() };
    default:
      throw new MalformedError('malformed.value', `unknown authentication request ${value}`, HEADER_BYTES);
  }
}

function decodeMechanisms(r: ByteReader<Buffer>): readonly string[] {
  const mechanisms: string[] = [];
  for (let name = textOf(r.cstring()); name !== ''; name = textOf(r.cstring())) mechanisms.push(name);
  if (mechanisms.length === 0) throw new MalformedError('malformed.value', 'no SASL mechanism is offered', HEADER_BYTES + 4);
  return mechanisms;
}

const R = backendType.Authentication;

export const encodeAuthenticationOk = (): Buffer => frame(R, (w) => w.i32(code.Ok));

export const encodeAuthenticationCleartextPassword = (): Buffer => frame(R, (w) => w.i32(code.CleartextPassword));

/** `salt`: 4 random bytes. */
export const encodeAuthenticationMd5Password = (salt: Uint8Array): Buffer => frame(R, (w) => w.i32(code.MD5Password).bytes(salt));

export const encodeAuthenticationSasl = (mechanisms: readonly string[]): Buffer =>
  frame(R, (w) => {
    w.i32(code.SASL);
    for (const mechanism of mechanisms) w.cstring(mechanism);
    w.u8(0);
  });

export const encodeAuthenticationSaslContinue = (data: Uint8Array): Buffer => frame(R, (w) => w.i32(code.SASLContinue).bytes(data));

export const encodeAuthenticationSaslFinal = (data: Uint8Array): Buffer => frame(R, (w) => w.i32(code.SASLFinal).bytes(data));
