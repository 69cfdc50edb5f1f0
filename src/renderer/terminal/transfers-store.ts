/** Files on their way, as main tells, and the sending half of uploads: the window reads what the person chose, piece by piece. */
import type { Transfer } from '../../contract/ipc/terminal.ts';
import { createStore } from '../../ui/store.ts';
import { api, ask } from '../api.ts';
import { attempt } from '../notify.ts';

export const transfers = createStore<readonly Transfer[]>([]);

export function applyTransfer(now: Transfer): void {
  transfers.set((all) => (all.some((t) => t.transferId === now.transferId) ? all.map((t) => (t.transferId === now.transferId ? now : t)) : [...all, now]));
}

export const forgetTransfer = (transferId: string): void => transfers.set((all) => all.filter((t) => t.transferId !== transferId));

export const forgetTransfersOf = (tabId: string): void => transfers.set((all) => all.filter((t) => t.tabId !== tabId));

export function cancelTransfer(transferId: string): void {
  attempt('Could not cancel', () => ask(api.terminal.cancelTransfer({ transferId })));
}

const PIECE_BYTES = 256 * 1024;
const PIECES_AT_ONCE = 4;

/** Resolves when the file is there, or is not: its `transfer` events say which. @throws IpcError when it could not begin */
export async function upload(tabId: string, file: File, path: string, overwrite: boolean): Promise<void> {
  const { transferId } = await ask(api.terminal.uploadBegin({ tabId, path, sizeBytes: file.size, overwrite }));
  const running = new Set<Promise<unknown>>();
  try {
    for (let from = 0; from < file.size; from += PIECE_BYTES) {
      const data = new Uint8Array(await file.slice(from, from + PIECE_BYTES).arrayBuffer());
      const sent: Promise<unknown> = ask(api.terminal.uploadChunk({ transferId, data })).finally(() => running.delete(sent));
      // Awaited below, where its failure ends the loop.
      sent.catch(() => undefined);
      running.add(sent);
      if (running.size >= PIECES_AT_ONCE) await Promise.race(running);
    }
    await Promise.all(running);
    await ask(api.terminal.uploadEnd({ transferId }));
  } catch {
    // Main tells why, with the transfer; a file that this window could not read on is given up there.
    await ask(api.terminal.cancelTransfer({ transferId })).catch(() => undefined);
  }
}
