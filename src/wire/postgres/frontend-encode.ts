/** Encoders of what a client says: the proxy as a client of the target, and tests. Layouts are in frontend.ts. */
import { HEADER_BYTES, cancelKeyBytes, frontendType as t, protocolVersion, requestCode } from './protocol.ts';
import { BugError } from '../../base/errors.ts';
import type { DescribeKind } from './frontend.ts';
import type { TextLike } from './writer.ts';
import { frame, startupFrame, writeFormats, writeValue } from './writer.ts';

export const encodeSslRequest = (): Buffer => startupFrame(requestCode.SSL);
export const encodeGssEncRequest = (): Buffer => startupFrame(requestCode.GSSENC);

/** @throws MalformedError for an empty name (it would end the list) or a NUL inside. */
export function encodeStartup(parameters: Iterable<readonly [name: string, value: string]>, version: number = protocolVersion.v3_0): Buffer {
  return startupFrame(version, (w) => {
    for (const [name, value] of parameters) {
      if (name === '') throw new BugError('startup parameter without a name');
      w.cstring(name).cstring(value);
    }
    w.u8(0);
  });
}

/** `secretKey` as the server's BackendKeyData gave it. */
export function encodeCancelRequest(processId: number, secretKey: Uint8Array): Buffer {
  if (secretKey.length < cancelKeyBytes.min || secretKey.length > cancelKeyBytes.max) throw new BugError(`cancel key of ${secretKey.length} bytes`);
  return startupFrame(requestCode.Cancel, (w) => w.i32(processId).bytes(secretKey));
}

export const encodePasswordMessage = (password: TextLike): Buffer => frame(t.AuthData, (w) => w.cstring(password));

export const encodeSaslInitialResponse = (mechanism: string, data: Uint8Array | null): Buffer =>
  frame(t.AuthData, (w) => writeValue(w.cstring(mechanism), data));

export const encodeSaslResponse = (data: Uint8Array): Buffer => frame(t.AuthData, (w) => w.bytes(data));

export const encodeGssResponse = (data: Uint8Array): Buffer => frame(t.AuthData, (w) => w.bytes(data));

export const encodeQuery = (sql: TextLike): Buffer => frame(t.Query, (w) => w.cstring(sql));

export const encodeParse = (name: string, sql: TextLike, paramTypes: readonly number[] = []): Buffer =>
  frame(t.Parse, (w) => {
    w.cstring(name).cstring(sql).u16(paramTypes.length);
    for (const oid of paramTypes) w.u32(oid);
  });

export interface BindArgs {
  readonly portal?: string;
  readonly statement?: string;
  readonly paramFormats?: readonly number[];
  readonly params?: readonly (Uint8Array | null)[];
  readonly resultFormats?: readonly number[];
}

/** Everything left out is empty: unnamed portal and statement, text formats, no parameters. */
export const encodeBind = (bind: BindArgs = {}): Buffer =>
  frame(t.Bind, (w) => {
    w.cstring(bind.portal ?? '').cstring(bind.statement ?? '');
    writeFormats(w, bind.paramFormats ?? []);
    const params = bind.params ?? [];
    w.u16(params.length);
    for (const param of params) writeValue(w, param);
    writeFormats(w, bind.resultFormats ?? []);
  });

const kindByte = (kind: DescribeKind): number => (kind === 'statement' ? 0x53 : 0x50);

export const encodeDescribe = (kind: DescribeKind, name = ''): Buffer => frame(t.Describe, (w) => w.u8(kindByte(kind)).cstring(name));

export const encodeClose = (kind: DescribeKind, name = ''): Buffer => frame(t.Close, (w) => w.u8(kindByte(kind)).cstring(name));

/** `maxRows` 0: no limit. */
export const encodeExecute = (portal = '', maxRows = 0): Buffer => frame(t.Execute, (w) => w.cstring(portal).i32(maxRows));

export const encodeSync = (): Buffer => frame(t.Sync);
export const encodeFlush = (): Buffer => frame(t.Flush);
export const encodeTerminate = (): Buffer => frame(t.Terminate);

/** The same in both directions. One per row of a COPY: made without a writer. */
export function encodeCopyData(data: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(HEADER_BYTES + data.length);
  out[0] = t.CopyData;
  out.writeInt32BE(data.length + 4, 1);
  out.set(data, HEADER_BYTES);
  return out;
}
export const encodeCopyDone = (): Buffer => frame(t.CopyDone);
export const encodeCopyFail = (reason: TextLike): Buffer => frame(t.CopyFail, (w) => w.cstring(reason));

export const encodeFunctionCall = (functionOid: number, args: readonly (Uint8Array | null)[], argFormats: readonly number[] = [], resultFormat = 0): Buffer =>
  frame(t.FunctionCall, (w) => {
    w.u32(functionOid);
    writeFormats(w, argFormats);
    w.u16(args.length);
    for (const arg of args) writeValue(w, arg);
    w.i16(resultFormat);
  });
