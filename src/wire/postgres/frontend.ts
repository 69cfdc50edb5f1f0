/**
 * Decoders of what a client says (documentation chapter 54, "Message Formats", messages marked F). Every decoder reads
 * its message to the last byte. SQL text stays bytes until `sqlText`, so that what is forwarded is what was received.
 */
import { ByteReader, textOf } from '../../base/bytes.ts';
import { MalformedError } from '../../base/errors.ts';
import type { RawMessage } from './framer.ts';
import { HEADER_BYTES, frontendType as t, typeLabel } from './protocol.ts';
import type { FormatCode } from './writer.ts';
import { checkFormat } from './writer.ts';

export type DescribeKind = 'statement' | 'portal';

export interface ParseMessage {
  readonly type: 'Parse';
  readonly name: string;
  readonly sql: Buffer;
  /** Type OIDs the client fixes; 0 leaves one open. May be fewer than the parameters. */
  readonly paramTypes: readonly number[];
}

export interface BindMessage {
  readonly type: 'Bind';
  readonly portal: string;
  readonly statement: string;
  /** None (all text), one (for all), or one for each parameter. */
  readonly paramFormats: readonly FormatCode[];
  /** Views on the message; null is SQL NULL. */
  readonly params: readonly (Buffer | null)[];
  /** None (all text), one (for all), or one for each result column. */
  readonly resultFormats: readonly FormatCode[];
}

export interface FunctionCallMessage {
  readonly type: 'FunctionCall';
  readonly functionOid: number;
  readonly argFormats: readonly FormatCode[];
  readonly args: readonly (Buffer | null)[];
  readonly resultFormat: FormatCode;
}

export type FrontendMessage =
  | { readonly type: 'Query'; readonly sql: Buffer }
  | ParseMessage
  | BindMessage
  | { readonly type: 'Describe'; readonly kind: DescribeKind; readonly name: string }
  | { readonly type: 'Close'; readonly kind: DescribeKind; readonly name: string }
  /** `maxRows` 0 or less: no limit. */
  | { readonly type: 'Execute'; readonly portal: string; readonly maxRows: number }
  | { readonly type: 'Sync' }
  | { readonly type: 'Flush' }
  | { readonly type: 'CopyData'; readonly data: Buffer }
  | { readonly type: 'CopyDone' }
  | { readonly type: 'CopyFail'; readonly reason: string }
  | FunctionCallMessage
  | { readonly type: 'Terminate' }
  /** One of four messages; the phase says which: see auth-data.ts. */
  | { readonly type: 'AuthData'; readonly data: Buffer };

/** The SQL of Query and Parse. @throws MalformedError('malformed.encoding') when it is not UTF-8. */
export function sqlText(sql: Uint8Array): string {
  try {
    return textOf(sql);
  } catch {
    throw new MalformedError('malformed.encoding', 'the statement is not UTF-8 text');
  }
}

/** @throws MalformedError for anything but one well-formed message that fills `raw` exactly. */
export function decodeFrontend(raw: RawMessage): FrontendMessage {
  const r = new ByteReader<Buffer>(raw.body, HEADER_BYTES);
  const message = decodeBody(raw.type, r);
  r.end();
  return message;
}

function decodeBody(type: number, r: ByteReader<Buffer>): FrontendMessage {
  switch (type) {
    case t.Query: // String sql
      return { type: 'Query', sql: r.cstring() };
    case t.Parse:
      return decodeParse(r);
    case t.Bind:
      return decodeBind(r);
    case t.Describe: // Byte1 'S' or 'P' | String name
      return { type: 'Describe', kind: decodeKind(r), name: textOf(r.cstring()) };
    case t.Close: // Byte1 'S' or 'P' | String name
      return { type: 'Close', kind: decodeKind(r), name: textOf(r.cstring()) };
    case t.Execute: // String portal | Int32 maximum rows
      return { type: 'Execute', portal: textOf(r.cstring()), maxRows: r.i32() };
    case t.Sync: // empty
      return { type: 'Sync' };
    case t.Flush: // empty
      return { type: 'Flush' };
    case t.CopyData: // Byten data
      return { type: 'CopyData', data: r.rest() };
    case t.CopyDone: // empty
      return { type: 'CopyDone' };
    case t.CopyFail: // String reason
      return { type: 'CopyFail', reason: textOf(r.cstring()) };
    case t.FunctionCall:
      return decodeFunctionCall(r);
    case t.Terminate: // empty
      return { type: 'Terminate' };
    case t.AuthData:
      return { type: 'AuthData', data: r.rest() };
    default:
      throw new MalformedError('malformed.unknown_type', `unknown frontend message type ${typeLabel(type)}`, 0);
  }
}

function decodeKind(r: ByteReader<Buffer>): DescribeKind {
  const at = r.offset;
  const kind = r.u8();
  if (kind === 0x53) return 'statement';
  if (kind === 0x50) return 'portal';
  throw new MalformedError('malformed.value', `neither statement nor portal: ${typeLabel(kind)}`, at);
}

/** String name | String sql | Int16 n | n * Int32 type OID. The count is unsigned in fact: clients send up to 65535. */
function decodeParse(r: ByteReader<Buffer>): ParseMessage {
  const name = textOf(r.cstring());
  const sql = r.cstring();
  const n = r.count(4);
  const paramTypes: number[] = [];
  for (let i = 0; i < n; i++) paramTypes.push(r.u32());
  return { type: 'Parse', name, sql, paramTypes };
}

/**
 * String portal | String statement | Int16 c | c * Int16 format | Int16 n | n * (Int32 length or -1 | bytes)
 * | Int16 r | r * Int16 result format
 */
function decodeBind(r: ByteReader<Buffer>): BindMessage {
  const portal = textOf(r.cstring());
  const statement = textOf(r.cstring());
  const paramFormats = decodeFormats(r);
  const params = decodeValues(r, paramFormats);
  return { type: 'Bind', portal, statement, paramFormats, params, resultFormats: decodeFormats(r) };
}

/** Int32 function OID | Int16 c | c * Int16 format | Int16 n | n * (Int32 length or -1 | bytes) | Int16 result format */
function decodeFunctionCall(r: ByteReader<Buffer>): FunctionCallMessage {
  const functionOid = r.u32();
  const argFormats = decodeFormats(r);
  const args = decodeValues(r, argFormats);
  return { type: 'FunctionCall', functionOid, argFormats, args, resultFormat: checkFormat(r.i16(), r.offset - 2) };
}

const NONE: readonly FormatCode[] = [];

function decodeFormats(r: ByteReader<Buffer>): readonly FormatCode[] {
  const n = r.count(2);
  if (n === 0) return NONE;
  const formats: FormatCode[] = [];
  for (let i = 0; i < n; i++) formats.push(checkFormat(r.i16(), r.offset - 2));
  return formats;
}

function decodeValues(r: ByteReader<Buffer>, formats: readonly FormatCode[]): readonly (Buffer | null)[] {
  const at = r.offset;
  const n = r.count(4);
  if (formats.length > 1 && formats.length !== n) {
    throw new MalformedError('malformed.value', `${formats.length} format codes for ${n} values`, at);
  }
  const values: (Buffer | null)[] = [];
  for (let i = 0; i < n; i++) {
    const length = r.i32();
    values.push(length === -1 ? null : r.bytes(length));
  }
  return values;
}
