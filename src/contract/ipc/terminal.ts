/** SSH terminal: one tab is one session of the local proxy; its panes and its files are channels of that session. */
import { z } from 'zod';
import { limits } from '../../base/limits.ts';
import { connectionName, count, effect, epochMs, labels, opaqueId, sizeBytes } from './common.ts';
import { defineSlice } from './slice.ts';

/** How policy watches shells of this connection, as it says before one is opened. */
export const shellForecast = z.strictObject({
  effect,
  reason: z.string(),
  approvers: z.array(z.string()),
  mode: z.enum(['observe', 'gate', 'command']),
  /** Mode `gate`: what becomes of a key whose line cannot be read from the screen. */
  uncertain: z.enum(['deny', 'observe']),
});
export type ShellForecast = z.infer<typeof shellForecast>;

export const terminalTab = z.strictObject({
  tabId: opaqueId,
  connection: connectionName,
  labels,
  /** Address of the target, for people. */
  address: z.string(),
  sessionId: opaqueId,
  shell: shellForecast,
});
export type TerminalTab = z.infer<typeof terminalTab>;

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= limits.terminalMessageBytes, 'must be bytes, and not too many');
const columns = z.int().min(1).max(1_000);
const pixels = z.int().min(0).max(100_000);
const size = { cols: columns, rows: columns, width: pixels, height: pixels };

/** Absolute, or relative to the directory where the session begins; the empty path is that directory. */
const remotePath = z.string().max(limits.remotePathBytes).refine((path) => !path.includes('\0'), 'must not contain NUL');
const remoteFile = remotePath.refine((path) => path !== '', 'must name a file');

export const remoteEntry = z.strictObject({
  name: z.string(),
  kind: z.enum(['file', 'directory', 'link', 'other']),
  sizeBytes,
  modifiedMs: epochMs,
  /** As `ls -l` shows it: `rwxr-xr-x`. */
  rights: z.string(),
});
export type RemoteEntry = z.infer<typeof remoteEntry>;

export const remoteListing = z.strictObject({
  /** The directory's real path. */
  path: z.string(),
  entries: z.array(remoteEntry),
  /** There are more than are shown. */
  truncated: z.boolean(),
});
export type RemoteListing = z.infer<typeof remoteListing>;

export const transfer = z.strictObject({
  transferId: opaqueId,
  tabId: opaqueId,
  direction: z.enum(['up', 'down']),
  name: z.string(),
  doneBytes: sizeBytes,
  totalBytes: sizeBytes,
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  /** Why it failed; where it is done, the SHA-256 of what moved. */
  message: z.string(),
});
export type Transfer = z.infer<typeof transfer>;

const inTab = { tabId: opaqueId };
const inPane = { paneId: opaqueId };

export const terminalEvent = z.discriminatedUnion('type', [
  /** To be acknowledged: main sends a bounded number of bytes ahead of the acknowledgements. */
  z.strictObject({ type: z.literal('output'), ...inPane, data: bytes }),
  /** The shell has ended. Neither is there when the connection went before it said so. */
  z.strictObject({ type: z.literal('pane_ended'), ...inPane, status: z.int().optional(), signal: z.string().optional() }),
  /** The session is gone. May come again, with why: empty when its last shell had ended. `neverBegan`: the host was not signed on to. */
  z.strictObject({ type: z.literal('disconnected'), ...inTab, message: z.string(), neverBegan: z.boolean() }),
  z.strictObject({
    type: z.literal('held'),
    ...inTab,
    approvalId: opaqueId,
    /** What waits: a command line, a file operation, a forward. */
    statement: z.string(),
    reason: z.string(),
    policyIds: z.array(z.string()),
    approvers: z.array(z.string()),
    quorum: z.int().positive(),
    expiresMs: epochMs,
  }),
  /** The hold ended or moved: `pending` carries a new count of approvals. */
  z.strictObject({
    type: z.literal('hold_changed'),
    ...inTab,
    approvalId: opaqueId,
    state: z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled']),
    approvals: count,
    reason: z.string(),
  }),
  z.strictObject({ type: z.literal('denied'), ...inTab, reason: z.string(), policyIds: z.array(z.string()), reference: z.string() }),
  z.strictObject({ type: z.literal('transfer'), ...transfer.shape }),
]);
export type TerminalEvent = z.infer<typeof terminalEvent>;

const none = z.null();
const transferId = z.strictObject({ transferId: opaqueId });

export const terminalSlice = defineSlice(
  'terminal',
  {
    /** Signs on to the local endpoint. Shells are started one by one. */
    open: { request: z.strictObject({ connection: connectionName }), reply: terminalTab },
    /** A new session for a tab whose session has ended. */
    reconnect: { request: z.strictObject(inTab), reply: terminalTab },
    close: { request: z.strictObject(inTab), reply: none },
    newPane: { request: z.strictObject(inTab), reply: z.strictObject(inPane) },
    /** Resolves when the proxy has taken the request; policy's answer, and all else, comes as output. */
    startShell: { request: z.strictObject({ ...inPane, ...size }), reply: none },
    closePane: { request: z.strictObject(inPane), reply: none },
    /** Resolves when the bytes are on their way: more than one piece at a time need not be sent. @param binary each character is one byte (mouse reports) */
    input: { request: z.strictObject({ ...inPane, data: z.string().max(limits.terminalInputChars), binary: z.boolean() }), reply: none },
    resize: { request: z.strictObject({ ...inPane, ...size }), reply: none },
    acknowledge: { request: z.strictObject({ ...inPane, bytes: z.int().positive() }), reply: none },
    /** Takes a request of mine back that waits for approval. */
    withdraw: { request: z.strictObject({ ...inTab, approvalId: opaqueId }), reply: none },
    /** Asks the person, in a dialog of main's own that shows the address, and opens it in the browser. */
    openLink: { request: z.strictObject({ url: z.string().max(limits.linkChars) }), reply: z.strictObject({ opened: z.boolean() }) },
    list: { request: z.strictObject({ ...inTab, path: remotePath }), reply: remoteListing },
    makeDirectory: { request: z.strictObject({ ...inTab, path: remoteFile }), reply: none },
    rename: { request: z.strictObject({ ...inTab, from: remoteFile, to: remoteFile }), reply: none },
    /** A file, a link or an empty directory. */
    remove: { request: z.strictObject({ ...inTab, path: remoteFile, directory: z.boolean() }), reply: none },
    /** Asks where to, and begins; the rest comes as `transfer` events. Null when the person changed their mind. */
    download: { request: z.strictObject({ ...inTab, path: remoteFile }), reply: z.strictObject({ transferId: opaqueId.nullable() }) },
    /** Opens the remote file; its bytes come with `uploadChunk`, in order. The window names no file of this machine. */
    uploadBegin: { request: z.strictObject({ ...inTab, path: remoteFile, sizeBytes, overwrite: z.boolean() }), reply: transferId },
    uploadChunk: { request: z.strictObject({ transferId: opaqueId, data: bytes }), reply: none },
    uploadEnd: { request: transferId, reply: none },
    cancelTransfer: { request: transferId, reply: none },
  },
  { event: terminalEvent },
);
