/**
 * The names of every call and event that crosses between the window and the main process. This file has no
 * schemas, so the preload stays small and starts fast; the slices beside it must name exactly these.
 */

export const ipcChannels = {
  app: { calls: ['info', 'status', 'copyText', 'ready'], events: ['statusChanged', 'command', 'message'] },
  auth: { calls: ['state', 'signIn', 'cancel', 'signOut', 'retry', 'useCode'], events: ['stateChanged'] },
  connections: { calls: ['list', 'refresh', 'openEndpoint', 'closeEndpoint', 'copyNative'], events: ['changed'] },
  workbench: {
    calls: ['open', 'close', 'run', 'cancel', 'dryRun', 'explain', 'schema', 'history', 'exportCsv'],
    events: ['event'],
  },
  terminal: {
    calls: [
      ...(['open', 'reconnect', 'close', 'newPane', 'startShell', 'closePane', 'input', 'resize', 'acknowledge', 'withdraw', 'openLink'] as const),
      ...(['list', 'makeDirectory', 'rename', 'remove', 'download', 'uploadBegin', 'uploadChunk', 'uploadEnd', 'cancelTransfer'] as const),
    ],
    events: ['event'],
  },
  approvals: { calls: ['list', 'get', 'decide'], events: ['changed'] },
  sessions: { calls: ['list', 'get', 'shown', 'verify', 'export'], events: ['changed'] },
  policy: { calls: ['active', 'check'], events: ['changed'] },
  settings: { calls: ['get', 'set'], events: ['changed'] },
} as const;

export type SliceName = keyof typeof ipcChannels;
export const sliceNames = Object.keys(ipcChannels) as readonly SliceName[];

/** Channel of `ipcRenderer.invoke`. Every channel of the product starts with `sallyport:`. */
export const callChannel = (slice: string, call: string): string => `sallyport:${slice}.${call}`;

/** Channel of `webContents.send`. */
export const eventChannel = (slice: string, event: string): string => `sallyport:${slice}!${event}`;

/** Name of the function on `window.sallyport.<slice>` that listens to an event: `statusChanged` gives `onStatusChanged`. */
export const listenerName = <E extends string>(event: E): `on${Capitalize<E>}` =>
  `on${event.charAt(0).toUpperCase()}${event.slice(1)}` as `on${Capitalize<E>}`;
