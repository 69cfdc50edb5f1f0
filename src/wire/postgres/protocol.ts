/** Numbers of the PostgreSQL frontend/backend protocol 3 (documentation chapter 54, "Message Formats"). */

/** First byte of each message that a client sends after the startup packet. */
export const frontendType = {
  Bind: 0x42, // B
  Close: 0x43, // C
  CopyData: 0x64, // d
  CopyDone: 0x63, // c
  CopyFail: 0x66, // f
  Describe: 0x44, // D
  Execute: 0x45, // E
  Flush: 0x48, // H
  FunctionCall: 0x46, // F
  Parse: 0x50, // P
  /** PasswordMessage, SASLInitialResponse, SASLResponse and GSSResponse share this byte; the phase tells them apart. */
  AuthData: 0x70, // p
  Query: 0x51, // Q
  Sync: 0x53, // S
  Terminate: 0x58, // X
} as const;

/** First byte of each message that a server sends. */
export const backendType = {
  Authentication: 0x52, // R
  BackendKeyData: 0x4b, // K
  BindComplete: 0x32, // 2
  CloseComplete: 0x33, // 3
  CommandComplete: 0x43, // C
  CopyData: 0x64, // d
  CopyDone: 0x63, // c
  CopyInResponse: 0x47, // G
  CopyOutResponse: 0x48, // H
  CopyBothResponse: 0x57, // W
  DataRow: 0x44, // D
  EmptyQueryResponse: 0x49, // I
  ErrorResponse: 0x45, // E
  FunctionCallResponse: 0x56, // V
  NegotiateProtocolVersion: 0x76, // v
  NoData: 0x6e, // n
  NoticeResponse: 0x4e, // N
  NotificationResponse: 0x41, // A
  ParameterDescription: 0x74, // t
  ParameterStatus: 0x53, // S
  ParseComplete: 0x31, // 1
  PortalSuspended: 0x73, // s
  ReadyForQuery: 0x5a, // Z
  RowDescription: 0x54, // T
} as const;

export type FrontendTypeName = keyof typeof frontendType;
export type BackendTypeName = keyof typeof backendType;

/** Int32 of an Authentication message. */
export const authenticationCode = {
  Ok: 0,
  KerberosV5: 2,
  CleartextPassword: 3,
  MD5Password: 5,
  SCMCredential: 6,
  GSS: 7,
  GSSContinue: 8,
  SSPI: 9,
  SASL: 10,
  SASLContinue: 11,
  SASLFinal: 12,
} as const;

/** Codes in the place of the protocol version: major 1234, minor 5678 to 5680. */
export const requestCode = { Cancel: 80_877_102, SSL: 80_877_103, GSSENC: 80_877_104 } as const;

/** Protocol versions: major in the high 16 bits. 3.2 (PostgreSQL 18) has cancel keys of up to 256 bytes. */
export const protocolVersion = { v3_0: 0x0003_0000, v3_2: 0x0003_0002 } as const;

export const majorOf = (version: number): number => version >>> 16;
export const minorOf = (version: number): number => version & 0xffff;

/** Type byte and length. The length counts itself and the body, not the type byte. */
export const HEADER_BYTES = 5;

/** Shortest and longest secret key of BackendKeyData and CancelRequest (3.0 has 4 bytes exactly). */
export const cancelKeyBytes = { min: 4, max: 256 } as const;

/** One byte answers to SSLRequest and GSSENCRequest. */
export const negotiationReply = { ssl: 0x53, gss: 0x47, no: 0x4e } as const;

/** A printable name of a type byte, for messages: `'Q'` or `0x00`. */
export function typeLabel(type: number): string {
  return type > 0x20 && type < 0x7f ? `'${String.fromCharCode(type)}'` : `0x${type.toString(16).padStart(2, '0')}`;
}
