/** The files panel of each tab: where it stands, what it shows, and what was refused there. */
import type { RemoteListing } from '../../contract/ipc/terminal.ts';
import { createStore } from '../../ui/store.ts';
import { api, ask, explain } from '../api.ts';
import { nameOf, pathIn } from './remote-path.ts';
import { forgetTransfersOf, upload } from './transfers-store.ts';

export interface Problem {
  /** What was tried: `download of secrets.env`. */
  readonly what: string;
  readonly why: string;
  /** Policy or an approver said no; else the server or the network. */
  readonly denied: boolean;
}

export interface FilesState {
  readonly listing: RemoteListing | undefined;
  readonly busy: boolean;
  readonly problem: Problem | undefined;
  /** Why the last problem was one that is not shown any more: seen there, it is not said again elsewhere. */
  readonly seen: string;
}

const nowhere: FilesState = { listing: undefined, busy: false, problem: undefined, seen: '' };
const all = createStore<Readonly<Record<string, FilesState>>>({});
export const filesStore = all;

export const filesOf = (states: Readonly<Record<string, FilesState>>, tabId: string): FilesState => states[tabId] ?? nowhere;

const update = (tabId: string, change: Partial<FilesState>): void => all.set((s) => ({ ...s, [tabId]: { ...filesOf(s, tabId), ...change } }));

export function forgetFiles(tabId: string): void {
  all.set((s) => Object.fromEntries(Object.entries(s).filter(([id]) => id !== tabId)));
  forgetTransfersOf(tabId);
}

/** Runs one operation and shows the directory anew; what went wrong stands in the panel. */
async function operate(tabId: string, what: string, work: () => Promise<unknown>): Promise<void> {
  dismissProblem(tabId);
  update(tabId, { busy: true });
  try {
    await work();
    const { listing } = filesOf(all.get(), tabId);
    if (listing !== undefined) update(tabId, { listing: await ask(api.terminal.list({ tabId, path: listing.path })) });
  } catch (error) {
    update(tabId, { problem: problemOf(what, error) });
  } finally {
    update(tabId, { busy: false });
  }
}

function problemOf(what: string, error: unknown): Problem {
  const { message, fix } = explain(error);
  return { what, why: fix === undefined ? message : `${message} ${fix}`, denied: error instanceof Error && 'code' in error && error.code === 'denied' };
}

export function dismissProblem(tabId: string): void {
  const { problem } = filesOf(all.get(), tabId);
  if (problem !== undefined) update(tabId, { problem: undefined, seen: problem.why });
}

/** @param path empty: where the session begins */
export function show(tabId: string, path: string): void {
  void operate(tabId, path === '' ? 'list of files' : `list of ${path}`, async () => update(tabId, { listing: await ask(api.terminal.list({ tabId, path })) }));
}

export const makeDirectory = (tabId: string, path: string): Promise<void> => operate(tabId, `new directory ${nameOf(path)}`, () => ask(api.terminal.makeDirectory({ tabId, path })));

export const rename = (tabId: string, from: string, to: string): Promise<void> => operate(tabId, `rename ${nameOf(from)}`, () => ask(api.terminal.rename({ tabId, from, to })));

export const remove = (tabId: string, path: string, directory: boolean): Promise<void> => operate(tabId, `delete ${nameOf(path)}`, () => ask(api.terminal.remove({ tabId, path, directory })));

export const download = (tabId: string, path: string): Promise<void> => operate(tabId, `download of ${nameOf(path)}`, () => ask(api.terminal.download({ tabId, path })));

export async function uploadAll(tabId: string, directory: string, files: readonly File[], overwrite: boolean): Promise<void> {
  for (const file of files) await operate(tabId, `upload of ${file.name}`, () => upload(tabId, file, pathIn(directory, file.name), overwrite));
}
