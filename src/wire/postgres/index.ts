/** What other rooms may use of the PostgreSQL codec. */
export { HEADER_BYTES, authenticationCode, backendType, cancelKeyBytes, frontendType, majorOf, minorOf, negotiationReply, protocolVersion, requestCode, typeLabel } from './protocol.ts';
export type { BackendTypeName, FrontendTypeName } from './protocol.ts';
export { sqlState } from './sqlstate.ts';
export type { SqlStateCode } from './sqlstate.ts';

export { MessageFramer, defaultMaxBytes } from './framer.ts';
export type { Direction, FramerOptions, MessageVisitor, RawMessage } from './framer.ts';
export { StartupFramer, decodeStartupPacket } from './startup.ts';
export type { StartupPacket } from './startup.ts';

export { decodeFrontend, sqlText } from './frontend.ts';
export type { BindMessage, DescribeKind, FrontendMessage, FunctionCallMessage, ParseMessage } from './frontend.ts';
export { decodeGssResponse, decodePassword, decodeSaslInitialResponse, decodeSaslResponse } from './auth-data.ts';
export type { SaslInitialResponse } from './auth-data.ts';
export {
  encodeBind,
  encodeCancelRequest,
  encodeClose,
  encodeCopyData,
  encodeCopyDone,
  encodeCopyFail,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeFunctionCall,
  encodeGssEncRequest,
  encodeGssResponse,
  encodeParse,
  encodePasswordMessage,
  encodeQuery,
  encodeSaslInitialResponse,
  encodeSaslResponse,
  encodeSslRequest,
  encodeStartup,
  encodeSync,
  encodeTerminate,
} from './frontend-encode.ts';
export type { BindArgs } from './frontend-encode.ts';

export { decodeBackend } from './backend-message.ts';
export type { BackendMessage } from './backend-message.ts';
export {
  decodeBackendKeyData,
  decodeCommandComplete,
  decodeCopyResponse,
  decodeEmpty,
  decodeFunctionCallResponse,
  decodeNegotiateProtocolVersion,
  decodeNotificationResponse,
  decodeParameterDescription,
  decodeParameterStatus,
  decodeReadyForQuery,
  decodeRowDescription,
} from './backend.ts';
export type { BackendKeyData, CommandTag, CopyResponse, FieldDescription, Notification, ParameterStatus, ProtocolNegotiation, TransactionStatus } from './backend.ts';
export { checkDataRow, checkDataRowIn, decodeDataRow, encodeDataRow, forEachCell, forEachCellIn } from './data-row.ts';
export type { CellVisitor } from './data-row.ts';
export { RowRewriter, type CellMask } from './row-rewriter.ts';
export { decodeNoticeFields, encodeErrorResponse, encodeNotice, encodeNoticeFields, noticeField, noticeFieldKind } from './notice.ts';
export type { Notice, NoticeField } from './notice.ts';
export {
  encodeBackendKeyData,
  encodeBindComplete,
  encodeCloseComplete,
  encodeCommandComplete,
  encodeCopyResponse,
  encodeEmptyQueryResponse,
  encodeFunctionCallResponse,
  encodeNegotiateProtocolVersion,
  encodeNoData,
  encodeNotificationResponse,
  encodeParameterDescription,
  encodeParameterStatus,
  encodeParseComplete,
  encodePortalSuspended,
  encodeReadyForQuery,
  encodeRowDescription,
} from './backend-encode.ts';
export type { FieldArgs } from './backend-encode.ts';
export {
  decodeAuthentication,
  encodeAuthenticationCleartextPassword,
  encodeAuthenticationMd5Password,
  encodeAuthenticationOk,
  encodeAuthenticationSasl,
  encodeAuthenticationSaslContinue,
  encodeAuthenticationSaslFinal,
} from './authentication.ts';
export type { AuthenticationRequest } from './authentication.ts';
export type { FormatCode, TextLike } from './writer.ts';

export { SCRAM, SCRAM_PLUS, portableScramHash, scramIterations } from './scram-common.ts';
export type { ScramHash, ScramMechanism } from './scram-common.ts';
export { ScramClient, selectScramMechanism } from './scram-client.ts';
export type { ScramClientOptions } from './scram-client.ts';
export { ScramServer, createScramVerifier } from './scram-server.ts';
export type { ScramResult, ScramVerifier } from './scram-server.ts';
export { saslPrep } from './saslprep.ts';
export { md5Password } from './md5.ts';
