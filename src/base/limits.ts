/** Every bound of the product in one place. A value that reaches its bound is refused with a clear error, never cut. */
export const limits = {
  /** Largest frontend message that the proxy reads whole: a statement, or one COPY data message. */
  pgFrontendMessageBytes: 16 * 1024 * 1024,
  /** Largest backend message; PostgreSQL itself allows 1 GiB, a row of that size is refused here. */
  pgBackendMessageBytes: 64 * 1024 * 1024,
  /** Startup packet, as the server's own MAX_STARTUP_PACKET_LENGTH. */
  pgStartupBytes: 10_000,
  /** Authentication messages before a client has proved itself. */
  pgAuthMessageBytes: 16 * 1024,
  /** Largest SQL text that is parsed. */
  sqlTextBytes: 1024 * 1024,
  /** Statements in one simple query. */
  sqlStatementsPerQuery: 1_000,
  preparedStatementsPerSession: 10_000,
  portalsPerSession: 1_000,
  /** Client messages decided but not yet answered by the server. */
  pipelineDepth: 10_000,
  /** Bytes queued for a slow reader before the other side is paused. */
  socketHighWaterBytes: 256 * 1024,
  sessionsPerListener: 1_000,
  /** Connections of one listener that have not proved themselves yet. */
  signOnsPerListener: 750,
  authTimeoutMs: 30_000,
  /** Silence after which a TCP connection is probed. */
  keepAliveMs: 60_000,
  /** What an SSH target may say before the sign-on. */
  sshBannerBytes: 64 * 1024,
  /** Channels that one SSH connection may have open at once, as sshd's MaxSessions and more. */
  sshChannelsPerSession: 200,
  /** Listeners at the target (ssh -R) that one SSH connection may have. */
  sshListenersPerSession: 20,
  /** Channels that a target may try to open though nobody asked for them; at the last its connection ends. */
  sshUnaskedOpens: 100,
  /** Variables that a client may set for one SSH channel, and bytes of a value. */
  sshVariables: 100,
  sshVariableBytes: 32 * 1024,
  /** The app's terminal: bytes of one message between window and main, characters of one input, output sent ahead of what the window has drawn. */
  terminalMessageBytes: 1024 * 1024,
  terminalInputChars: 64 * 1024,
  terminalAheadBytes: 512 * 1024,
  terminalPanesPerTab: 16,
  linkChars: 8 * 1024,
  remotePathBytes: 4 * 1024,
  /** Entries of a remote directory that are shown. */
  remoteEntries: 10_000,
  upstreamConnectTimeoutMs: 15_000,
  /** Masked response bytes kept per statement at level `masked`. */
  recordedResponseBytes: 1024 * 1024,
  /** Largest line of a recording. */
  recordLineBytes: 32 * 1024 * 1024,
  /** Unsent recordings of one device. Reaching it ends sessions (promise 1). */
  spoolBytes: 2 * 1024 * 1024 * 1024,
  checkpointBytes: 256 * 1024,
  checkpointMs: 1_000,
  groupSyncMs: 50,
  chunkBytes: 1024 * 1024,
  chunkMs: 5_000,
  /** Detector window and overlap for long cells. */
  detectorWindowBytes: 64 * 1024,
  detectorOverlapBytes: 256,
  approvalTtlMs: 15 * 60_000,
  planCacheEntries: 2_000,
  decisionCacheEntries: 10_000,
  /** A policy bundle: files, bytes of one file, bytes in all, policies, and test cases run at activation. */
  bundleFiles: 500,
  bundleFileBytes: 1024 * 1024,
  bundleBytes: 8 * 1024 * 1024,
  bundlePolicies: 2_000,
  bundleTests: 5_000,
  /** Things one statement may do; each is a question to policy. */
  operationsPerStatement: 2_000,
  /** Explanations in the workbench: statements of one text, parts of one statement that are asked about alone, sentences for it, changed texts that are decided again. */
  explainedStatements: 100,
  explainedParts: 40,
  explanationsPerStatement: 12,
  offersChecked: 80,
} as const;
