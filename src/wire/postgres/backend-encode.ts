/** Encoders of what a server says: the proxy as a server of its client, and tests. Layouts are in backend.ts. */
import type { FieldDescription, TransactionStatus } from './backend.ts';
import { backendType as t } from './protocol.ts';
import type { TextLike } from './writer.ts';
import { byteOf, frame, writeFormats, writeValue } from './writer.ts';

export const encodeBackendKeyData = (processId: number, secretKey: Uint8Array): Buffer =>
  frame(t.BackendKeyData, (w) => w.i32(processId).bytes(secretKey));

export const encodeParameterStatus = (name: string, value: string): Buffer => frame(t.ParameterStatus, (w) => w.cstring(name).cstring(value));

export const encodeReadyForQuery = (status: TransactionStatus): Buffer => frame(t.ReadyForQuery, (w) => w.u8(byteOf(status)));

/** A column of a result that the proxy makes: what is left out means text format of a column of no table. */
export type FieldArgs = Pick<FieldDescription, 'name' | 'typeOid'> & Partial<FieldDescription>;

export const encodeRowDescription = (fields: readonly FieldArgs[]): Buffer =>
  frame(t.RowDescription, (w) => {
    w.u16(fields.length);
    for (const f of fields) {
      w.cstring(f.name).u32(f.tableOid ?? 0).i16(f.attnum ?? 0);
      w.u32(f.typeOid).i16(f.typeLength ?? -1).i32(f.typeModifier ?? -1).i16(f.format ?? 0);
    }
  });

/** `tag` with its count: `SELECT 5`. */
export const encodeCommandComplete = (tag: TextLike): Buffer => frame(t.CommandComplete, (w) => w.cstring(tag));

export const encodeEmptyQueryResponse = (): Buffer => frame(t.EmptyQueryResponse);
export const encodeParseComplete = (): Buffer => frame(t.ParseComplete);
export const encodeBindComplete = (): Buffer => frame(t.BindComplete);
export const encodeCloseComplete = (): Buffer => frame(t.CloseComplete);
export const encodeNoData = (): Buffer => frame(t.NoData);
export const encodePortalSuspended = (): Buffer => frame(t.PortalSuspended);

export const encodeParameterDescription = (paramTypes: readonly number[]): Buffer =>
  frame(t.ParameterDescription, (w) => {
    w.u16(paramTypes.length);
    for (const oid of paramTypes) w.u32(oid);
  });

export const encodeNotificationResponse = (processId: number, channel: string, payload: string): Buffer =>
  frame(t.NotificationResponse, (w) => w.i32(processId).cstring(channel).cstring(payload));

const copyTypes = { in: t.CopyInResponse, out: t.CopyOutResponse, both: t.CopyBothResponse } as const;

export const encodeCopyResponse = (way: keyof typeof copyTypes, format: number, columnFormats: readonly number[]): Buffer =>
  frame(copyTypes[way], (w) => {
    w.u8(format);
    writeFormats(w, columnFormats);
  });

export const encodeFunctionCallResponse = (value: Uint8Array | null): Buffer => frame(t.FunctionCallResponse, (w) => writeValue(w, value));

/** `newest`: the newest minor version that we speak. */
export const encodeNegotiateProtocolVersion = (newest: number, unrecognized: readonly string[] = []): Buffer =>
  frame(t.NegotiateProtocolVersion, (w) => {
    w.i32(newest).i32(unrecognized.length);
    for (const option of unrecognized) w.cstring(option);
  });
