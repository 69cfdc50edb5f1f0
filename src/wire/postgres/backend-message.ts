/** Every message of a server as one union, for whoever does not need the speed of the single decoders. */
import { MalformedError } from '../../base/errors.ts';
import type { AuthenticationRequest } from './authentication.ts';
import { decodeAuthentication } from './authentication.ts';
import type { BackendKeyData, CommandTag, CopyResponse, FieldDescription, Notification, ParameterStatus, ProtocolNegotiation, TransactionStatus } from './backend.ts';
import * as decode from './backend.ts';
import { decodeDataRow } from './data-row.ts';
import type { RawMessage } from './framer.ts';
import type { NoticeField } from './notice.ts';
import { decodeNoticeFields } from './notice.ts';
import { backendType as t, typeLabel } from './protocol.ts';

export type BackendMessage =
  | { readonly type: 'Authentication'; readonly request: AuthenticationRequest }
  | ({ readonly type: 'BackendKeyData' } & BackendKeyData)
  | ({ readonly type: 'ParameterStatus' } & ParameterStatus)
  | { readonly type: 'ReadyForQuery'; readonly status: TransactionStatus }
  | { readonly type: 'RowDescription'; readonly fields: readonly FieldDescription[] }
  | { readonly type: 'DataRow'; readonly cells: readonly (Buffer | null)[] }
  | ({ readonly type: 'CommandComplete' } & CommandTag)
  | { readonly type: 'EmptyQueryResponse' | 'ParseComplete' | 'BindComplete' | 'CloseComplete' | 'NoData' | 'PortalSuspended' | 'CopyDone' }
  | { readonly type: 'ErrorResponse' | 'NoticeResponse'; readonly fields: readonly NoticeField[] }
  | ({ readonly type: 'NotificationResponse' } & Notification)
  | { readonly type: 'ParameterDescription'; readonly paramTypes: readonly number[] }
  | ({ readonly type: 'CopyInResponse' | 'CopyOutResponse' | 'CopyBothResponse' } & CopyResponse)
  | { readonly type: 'CopyData'; readonly data: Buffer }
  | { readonly type: 'FunctionCallResponse'; readonly value: Buffer | null }
  | ({ readonly type: 'NegotiateProtocolVersion' } & ProtocolNegotiation);

type EmptyName = 'EmptyQueryResponse' | 'ParseComplete' | 'BindComplete' | 'CloseComplete' | 'NoData' | 'PortalSuspended' | 'CopyDone';

const emptyTypes: ReadonlyMap<number, EmptyName> = new Map([
  [t.EmptyQueryResponse, 'EmptyQueryResponse'],
  [t.ParseComplete, 'ParseComplete'],
  [t.BindComplete, 'BindComplete'],
  [t.CloseComplete, 'CloseComplete'],
  [t.NoData, 'NoData'],
  [t.PortalSuspended, 'PortalSuspended'],
  [t.CopyDone, 'CopyDone'],
]);

/** @throws MalformedError for anything but one well-formed message that fills its body exactly. */
export function decodeBackend(raw: RawMessage): BackendMessage {
  const { type, body } = raw;
  const empty = emptyTypes.get(type);
  if (empty) {
    decode.decodeEmpty(body);
    return { type: empty };
  }
  switch (type) {
    case t.Authentication:
      return { type: 'Authentication', request: decodeAuthentication(body) };
    case t.BackendKeyData:
      return { type: 'BackendKeyData', ...decode.decodeBackendKeyData(body) };
    case t.ParameterStatus:
      return { type: 'ParameterStatus', ...decode.decodeParameterStatus(body) };
    case t.ReadyForQuery:
      return { type: 'ReadyForQuery', status: decode.decodeReadyForQuery(body) };
    case t.RowDescription:
      return { type: 'RowDescription', fields: decode.decodeRowDescription(body) };
    case t.DataRow:
      return { type: 'DataRow', cells: decodeDataRow(body) };
    case t.CommandComplete:
      return { type: 'CommandComplete', ...decode.decodeCommandComplete(body) };
    case t.ErrorResponse:
      return { type: 'ErrorResponse', fields: decodeNoticeFields(body) };
    case t.NoticeResponse:
      return { type: 'NoticeResponse', fields: decodeNoticeFields(body) };
    case t.NotificationResponse:
      return { type: 'NotificationResponse', ...decode.decodeNotificationResponse(body) };
    case t.ParameterDescription:
      return { type: 'ParameterDescription', paramTypes: decode.decodeParameterDescription(body) };
    case t.CopyInResponse:
      return { type: 'CopyInResponse', ...decode.decodeCopyResponse(body) };
    case t.CopyOutResponse:
      return { type: 'CopyOutResponse', ...decode.decodeCopyResponse(body) };
    case t.CopyBothResponse:
      return { type: 'CopyBothResponse', ...decode.decodeCopyResponse(body) };
    case t.CopyData:
      return { type: 'CopyData', data: body };
    case t.FunctionCallResponse:
      return { type: 'FunctionCallResponse', value: decode.decodeFunctionCallResponse(body) };
    case t.NegotiateProtocolVersion:
      return { type: 'NegotiateProtocolVersion', ...decode.decodeNegotiateProtocolVersion(body) };
    default:
      throw new MalformedError('malformed.unknown_type', `unknown backend message type ${typeLabel(type)}`, 0);
  }
}
