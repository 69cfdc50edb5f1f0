/** SSH terminal: tabs, shells, files, and links that a person confirms. */
import { dialog, shell } from 'electron';
import { ConfigError } from '../../base/errors.ts';
import { terminalSlice, type TerminalEvent } from '../../contract/ipc/terminal.ts';
import type { SliceHandlers } from '../../contract/ipc/slice.ts';
import { list, makeDirectory, remove, rename } from '../terminal/remote-files.ts';
import { Terminals } from '../terminal/terminals.ts';
import { Transfers } from '../terminal/transfers.ts';
import type { Work } from '../work/work.ts';
import type { AskWhere, SliceContext } from './context.ts';

/** The terminals of one signed-in person. */
class Desk {
  readonly terminals: Terminals;
  readonly transfers: Transfers;

  constructor(work: Work, emit: (event: TerminalEvent) => void) {
    this.terminals = new Terminals({ work, emit, lost: (tabId) => this.transfers.lost(tabId) });
    this.transfers = new Transfers(this.terminals, emit);
  }
}

/** What a program at the target wrote as a link: only a plain web address is opened. @throws ConfigError */
export function webAddress(text: string): URL {
  if (!URL.canParse(text)) throw new ConfigError('this is not an address');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new ConfigError(`addresses of kind ${url.protocol} are not opened from a terminal`);
  if (url.username !== '' || url.password !== '') throw new ConfigError('an address that names a user is not opened: its beginning looks like another host');
  return url;
}

/** The dialog is main's: no page can answer it, and no program at the target can paint over the address. */
async function openLink(text: string): Promise<{ opened: boolean }> {
  const url = webAddress(text);
  const { response } = await dialog.showMessageBox({
    ...{ type: 'question', buttons: ['Open', 'Cancel'], defaultId: 1, cancelId: 1, noLink: true },
    ...{ title: 'Open a link', message: `Open this address at ${url.host} in your browser?`, detail: url.href },
  });
  if (response !== 0) return { opened: false };
  await shell.openExternal(url.href);
  return { opened: true };
}

export interface TerminalPart {
  readonly handlers: SliceHandlers<typeof terminalSlice>;
  approvalsSeen(id: string, approvals: number): void;
}

export function terminalHandlers(context: SliceContext, askWhere: AskWhere): TerminalPart {
  const desks = new WeakMap<Work, Desk>();
  const desk = (): Desk => {
    const work = context.need();
    const known = desks.get(work) ?? new Desk(work, (event) => context.emit(terminalSlice, 'event', event));
    desks.set(work, known);
    return known;
  };
  const sftp = (tabId: string): ReturnType<ReturnType<Terminals['session']>['sftp']> => desk().terminals.session(tabId).sftp();
  const nothing = async (work: Promise<unknown>): Promise<null> => {
    await work;
    return null;
  };
  const handlers: SliceHandlers<typeof terminalSlice> = {
    open: ({ connection }) => desk().terminals.open(connection),
    reconnect: ({ tabId }) => desk().terminals.reconnect(tabId),
    close: ({ tabId }) => {
      desk().terminals.close(tabId);
      return null;
    },
    newPane: ({ tabId }) => ({ paneId: desk().terminals.newPane(tabId) }),
    startShell: ({ paneId, ...size }) => nothing(desk().terminals.startShell(paneId, size)),
    closePane: ({ paneId }) => {
      desk().terminals.closePane(paneId);
      return null;
    },
    input: ({ paneId, data, binary }) => nothing(desk().terminals.pane(paneId).input(Buffer.from(data, binary ? 'latin1' : 'utf8'))),
    resize: ({ paneId, ...size }) => {
      desk().terminals.pane(paneId).resize(size);
      return null;
    },
    acknowledge: ({ paneId, bytes }) => {
      desk().terminals.pane(paneId).acknowledged(bytes);
      return null;
    },
    withdraw: ({ tabId, approvalId }) => nothing(desk().terminals.withdraw(tabId, approvalId)),
    openLink: ({ url }) => openLink(url),
    ...fileHandlers(desk, sftp, nothing, askWhere),
  };
  return { handlers, approvalsSeen: (id, approvals) => desks.get(context.need())?.terminals.approvalsSeen(id, approvals) };
}

type FileCalls = 'list' | 'makeDirectory' | 'rename' | 'remove' | 'download' | 'uploadBegin' | 'uploadChunk' | 'uploadEnd' | 'cancelTransfer';

function fileHandlers(desk: () => Desk, sftp: (tabId: string) => ReturnType<ReturnType<Terminals['session']>['sftp']>, nothing: (work: Promise<unknown>) => Promise<null>, askWhere: AskWhere): Pick<SliceHandlers<typeof terminalSlice>, FileCalls> {
  return {
    list: async ({ tabId, path }) => list(await sftp(tabId), path),
    makeDirectory: async ({ tabId, path }) => nothing(makeDirectory(await sftp(tabId), path)),
    rename: async ({ tabId, from, to }) => nothing(rename(await sftp(tabId), from, to)),
    remove: async ({ tabId, path, directory }) => nothing(remove(await sftp(tabId), path, directory)),
    download: async ({ tabId, path }) => ({ transferId: await desk().transfers.download(tabId, path, (name) => askWhere(name, '')) }),
    uploadBegin: async ({ tabId, path, sizeBytes, overwrite }) => ({ transferId: await desk().transfers.beginUpload(tabId, path, sizeBytes, overwrite) }),
    uploadChunk: ({ transferId, data }) => nothing(desk().transfers.chunk(transferId, data)),
    uploadEnd: ({ transferId }) => nothing(desk().transfers.endUpload(transferId)),
    cancelTransfer: ({ transferId }) => nothing(desk().transfers.cancel(transferId)),
  };
}
