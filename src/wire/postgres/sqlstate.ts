/** The SQLSTATE codes that the proxy itself sends (PostgreSQL documentation, appendix A). */
export const sqlState = {
  /** Policy or an approver denies. */
  insufficientPrivilege: '42501',
  /** A wait for approval was cancelled, or the session is stopped. */
  queryCanceled: '57014',
  adminShutdown: '57P01',
  cannotConnectNow: '57P03',
  /** Malformed message or message out of phase. */
  protocolViolation: '08P01',
  connectionFailure: '08006',
  /** The target cannot be reached. */
  clientUnableToConnect: '08001',
  serverRejectedConnection: '08004',
  /** Replication, FunctionCall and other parts of the protocol that are refused whole. */
  featureNotSupported: '0A000',
  invalidPassword: '28P01',
  invalidAuthorization: '28000',
  /** A limit of the configuration: spool, disk, number of sessions. */
  configurationLimitExceeded: '53400',
  diskFull: '53100',
  tooManyConnections: '53300',
  /** Statement too long, too many statements, portals or prepared statements. */
  programLimitExceeded: '54000',
  statementTooComplex: '54001',
  inFailedTransaction: '25P02',
  syntaxError: '42601',
  undefinedPreparedStatement: '26000',
  duplicatePreparedStatement: '42P05',
  undefinedCursor: '34000',
  nameTooLong: '42622',
  duplicateCursor: '42P03',
  /** Text that is not UTF-8. */
  characterNotInRepertoire: '22021',
  invalidParameterValue: '22023',
  unknownDatabase: '3D000',
  internalError: 'XX000',
} as const;

export type SqlStateCode = (typeof sqlState)[keyof typeof sqlState];
