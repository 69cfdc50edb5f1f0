/** All files on their way, of all tabs. */
import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import type { TerminalEvent, Transfer } from '../../contract/ipc/terminal.ts';
import { download } from './download.ts';
import { remove, RemoteFile } from './remote-files.ts';
import type { Tab, Terminals } from './terminals.ts';
import { TransferState } from './transfer.ts';
import { Upload } from './upload.ts';

interface Running {
  readonly state: TransferState;
  readonly upload: Upload | undefined;
}

/** A name for this machine: no separators, nothing that a shell or a screen takes for something else. */
export function localName(path: string): string {
  const name = posix.basename(path).replaceAll(/[\p{Cc}\p{Cf}\\/:*?"<>|]/gu, '_').replace(/^\.+/, '');
  return name === '' ? 'download' : name.slice(0, 150);
}

export class Transfers {
  readonly #terminals: Terminals;
  readonly #emit: (event: TerminalEvent) => void;
  readonly #running = new Map<string, Running>();

  constructor(terminals: Terminals, emit: (event: TerminalEvent) => void) {
    this.#terminals = terminals;
    this.#emit = emit;
  }

  /** @param where asks the person; undefined when they changed their mind */
  async download(tabId: string, path: string, where: (name: string) => Promise<string | undefined>): Promise<string | null> {
    const tab = this.#terminals.tab(tabId);
    // Refusals come before the person is asked for a place.
    const remote = await RemoteFile.open(await this.#terminals.session(tabId).sftp(), path, 'r');
    const totalBytes = await remote.sizeBytes();
    const place = await where(localName(path));
    if (place === undefined) {
      await remote.close().catch(() => undefined);
      return null;
    }
    const state = this.#begin(tab, { direction: 'down', name: posix.basename(path), totalBytes });
    void download(remote, totalBytes, place, state.transfer).finally(() => this.#over(tab, state.id));
    return state.id;
  }

  async beginUpload(tabId: string, path: string, sizeBytes: number, overwrite: boolean): Promise<string> {
    const tab = this.#terminals.tab(tabId);
    const sftp = await this.#terminals.session(tabId).sftp();
    const remote = await RemoteFile.open(sftp, path, overwrite ? 'w' : 'wx');
    const { id } = this.#begin(tab, { direction: 'up', name: posix.basename(path), totalBytes: sizeBytes }, (state) => new Upload(remote, sizeBytes, state, overwrite ? undefined : () => remove(sftp, path, false)));
    return id;
  }

  /** @throws ConfigError for a transfer that has ended; what the proxy or the server says */
  chunk(id: string, data: Uint8Array): Promise<void> {
    return this.#upload(id).chunk(data);
  }

  async endUpload(id: string): Promise<void> {
    await this.#upload(id).end();
  }

  async cancel(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    if (running.upload === undefined) running.state.abort.abort();
    else await running.upload.cancel();
  }

  /** The tab's session has ended: what was on its way is lost. */
  lost(tabId: string): void {
    for (const { state } of this.#running.values()) {
      if (state.tabId !== tabId) continue;
      state.end('failed', state.direction === 'up' ? 'The session has ended. The file at the target is incomplete.' : 'The session has ended. Nothing was kept on this machine.');
      state.abort.abort();
    }
  }

  #upload(id: string): Upload {
    const upload = this.#running.get(id)?.upload;
    if (upload === undefined) throw new ConfigError('this transfer has ended');
    return upload;
  }

  #begin(tab: Tab, what: Pick<Transfer, 'direction' | 'name' | 'totalBytes'>, upload?: (state: TransferState) => Upload): { id: string; transfer: TransferState } {
    const id = `xfer_${randomBytes(9).toString('hex')}`;
    tab.transfers++;
    const transfer: TransferState = new TransferState({ transferId: id, tabId: tab.id, ...what }, (now) => {
      this.#emit({ type: 'transfer', ...now });
      if (now.state !== 'running' && now.direction === 'up') this.#over(tab, id);
    });
    this.#running.set(id, { state: transfer, upload: upload?.(transfer) });
    return { id, transfer };
  }

  #over(tab: Tab, id: string): void {
    if (!this.#running.delete(id)) return;
    tab.transfers--;
    this.#terminals.endIdle(tab);
  }
}
