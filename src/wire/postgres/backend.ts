/**
 * Decoders of what a server says (documentation chapter 54, "Message Formats", messages marked B), by message body.
 * Each reads to the last byte. DataRow is in data-row.ts, errors and notices in notice.ts, sign-on in authentication.ts.
 */
import { ByteReader, textOf } from '../../base/bytes.ts';
import { MalformedError } from '../../base/errors.ts';
import { HEADER_BYTES, cancelKeyBytes, typeLabel } from './protocol.ts';
import type { FormatCode } from './writer.ts';
import { checkFormat } from './writer.ts';

const open = (body: Buffer): ByteReader<Buffer> => new ByteReader<Buffer>(body, HEADER_BYTES);

export interface BackendKeyData {
  readonly processId: number;
  /** 4 bytes in protocol 3.0, up to 256 in 3.2. */
  readonly secretKey: Buffer;
}

/** Int32 process id | Byten secret key */
export function decodeBackendKeyData(body: Buffer): BackendKeyData {
  const r = open(body);
  const processId = r.i32();
  const secretKey = r.rest();
  if (secretKey.length < cancelKeyBytes.min || secretKey.length > cancelKeyBytes.max) {
    throw new MalformedError('malformed.length', `secret key of ${secretKey.length} bytes`, HEADER_BYTES + 4);
  }
  return { processId, secretKey };
}

export interface ParameterStatus {
  readonly name: string;
  readonly value: string;
}

/** String name | String value */
export function decodeParameterStatus(body: Buffer): ParameterStatus {
  const r = open(body);
  const status = { name: textOf(r.cstring()), value: textOf(r.cstring()) };
  r.end();
  return status;
}

/** I: idle, T: in a transaction, E: in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** Byte1 status */
export function decodeReadyForQuery(body: Buffer): TransactionStatus {
  const r = open(body);
  const status = r.u8();
  r.end();
  if (status === 0x49) return 'I';
  if (status === 0x54) return 'T';
  if (status === 0x45) return 'E';
  throw new MalformedError('malformed.value', `transaction status ${typeLabel(status)}`, HEADER_BYTES);
}

export interface FieldDescription {
  readonly name: string;
  /** 0 when the column is not simply a column of a table. */
  readonly tableOid: number;
  /** Attribute number in the table, or 0; negative for system columns. */
  readonly attnum: number;
  readonly typeOid: number;
  /** pg_type.typlen: negative for variable width. */
  readonly typeLength: number;
  readonly typeModifier: number;
  /** Always 0 (text) in the answer to Describe of a statement, where it is not yet known. */
  readonly format: FormatCode;
}

/** Int16 n | n * (String name | Int32 table OID | Int16 attribute | Int32 type OID | Int16 type length | Int32 modifier | Int16 format) */
export function decodeRowDescription(body: Buffer): FieldDescription[] {
  const r = open(body);
  const n = r.count(19);
  const fields: FieldDescription[] = [];
  for (let i = 0; i < n; i++) {
    fields.push({
      name: textOf(r.cstring()),
      tableOid: r.u32(),
      attnum: r.i16(),
      typeOid: r.u32(),
      typeLength: r.i16(),
      typeModifier: r.i32(),
      format: checkFormat(r.i16(), r.offset - 2),
    });
  }
  r.end();
  return fields;
}

export interface CommandTag {
  /** As sent: `SELECT 5`, `INSERT 0 1`, `CREATE TABLE`. */
  readonly tag: string;
  /** Without the numbers: `SELECT`, `INSERT`, `CREATE TABLE`. */
  readonly verb: string;
  /** Rows returned or changed; undefined for commands that do not count. */
  readonly rows: number | undefined;
}

/** String tag */
export function decodeCommandComplete(body: Buffer): CommandTag {
  const r = open(body);
  const tag = textOf(r.cstring());
  r.end();
  const match = /^(.*?)(?: 0)? (\d{1,20})$/.exec(tag);
  if (!match) return { tag, verb: tag, rows: undefined };
  // INSERT carries an OID before the count; 0 since PostgreSQL 12, a real one before.
  const verb = /^INSERT \d+$/.test(match[1] ?? '') ? 'INSERT' : (match[1] ?? '');
  return { tag, verb, rows: Number(match[2]) };
}

export interface Notification {
  readonly processId: number;
  readonly channel: string;
  readonly payload: string;
}

/** Int32 process id | String channel | String payload */
export function decodeNotificationResponse(body: Buffer): Notification {
  const r = open(body);
  const notification = { processId: r.i32(), channel: textOf(r.cstring()), payload: textOf(r.cstring()) };
  r.end();
  return notification;
}

/** Int16 n | n * Int32 type OID. Returns the OIDs. */
export function decodeParameterDescription(body: Buffer): number[] {
  const r = open(body);
  const n = r.count(4);
  const oids: number[] = [];
  for (let i = 0; i < n; i++) oids.push(r.u32());
  r.end();
  return oids;
}

export interface CopyResponse {
  /** Of the whole: 0 text, lines; 1 binary. */
  readonly format: FormatCode;
  readonly columnFormats: readonly FormatCode[];
}

/** CopyInResponse, CopyOutResponse, CopyBothResponse: Int8 format | Int16 n | n * Int16 format */
export function decodeCopyResponse(body: Buffer): CopyResponse {
  const r = open(body);
  const format = checkFormat(r.u8(), HEADER_BYTES);
  const n = r.count(2);
  const columnFormats: FormatCode[] = [];
  for (let i = 0; i < n; i++) columnFormats.push(checkFormat(r.i16(), r.offset - 2));
  r.end();
  return { format, columnFormats };
}

/** Int32 length or -1 | bytes */
export function decodeFunctionCallResponse(body: Buffer): Buffer | null {
  const r = open(body);
  const length = r.i32();
  const value = length === -1 ? null : r.bytes(length);
  r.end();
  return value;
}

export interface ProtocolNegotiation {
  /** Newest minor version that the server supports for the major one asked for (newer servers send the whole version). */
  readonly newest: number;
  /** `_pq_.` options that the server did not recognise. */
  readonly unrecognized: readonly string[];
}

/** Int32 newest minor version | Int32 n | n * String option */
export function decodeNegotiateProtocolVersion(body: Buffer): ProtocolNegotiation {
  const r = open(body);
  const newest = r.i32();
  const n = r.i32();
  if (n < 0 || n > r.remaining) throw new MalformedError('malformed.length', `${n} options announced, ${r.remaining} bytes left`, HEADER_BYTES + 4);
  const unrecognized: string[] = [];
  for (let i = 0; i < n; i++) unrecognized.push(textOf(r.cstring()));
  r.end();
  return { newest, unrecognized };
}

/** The messages without a body: ParseComplete, BindComplete, CloseComplete, NoData, PortalSuspended, EmptyQueryResponse, CopyDone. */
export function decodeEmpty(body: Buffer): void {
  open(body).end();
}
