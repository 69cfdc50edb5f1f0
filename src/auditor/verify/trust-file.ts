/**
 * Whom this browser trusts: the file that the auditor loaded, kept in this browser so that a store which changes its
 * mind about keys is noticed. Without one, the store's own word, which proves less and is marked so.
 */
import { parseTrust } from '../../evidence/trust.ts';
import { createStore } from '../../ui/store.ts';
import { request } from '../api/http.ts';
import { sha256Of } from './fingerprint.ts';

export interface TrustFile {
  readonly from: 'file' | 'store';
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the file, hex. */
  readonly fingerprint: string;
  readonly organisation: string;
  readonly devices: number;
  readonly loadedMs: number;
}

const DATABASE = 'sallyport-auditor';
const TABLE = 'trust';
const PINNED = 'pinned';
/** 100,000 devices are about 30 MB. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The pinned file: undefined until it was looked for, null when there is none. */
export const pinnedTrust = createStore<TrustFile | null | undefined>(undefined);

async function read(from: TrustFile['from'], name: string, text: string): Promise<TrustFile> {
  const trust = parseTrust(JSON.parse(text) as unknown);
  return { from, name, text, fingerprint: await sha256Of(text), organisation: trust.organisation, devices: trust.devices.length, loadedMs: Date.now() };
}

/** Makes a file the one that this browser goes by. @throws when it is not a trust file */
export async function pinTrust(file: File): Promise<TrustFile> {
  if (file.size > MAX_BYTES) throw new Error('this file is too large to be a trust file');
  const text = await file.text();
  const trust = await read('file', file.name, text).catch((error: unknown) => {
    throw new Error(`${file.name} is not a trust file: ${error instanceof Error ? error.message : 'it cannot be read'}`, { cause: error });
  });
  await put(trust);
  pinnedTrust.set(trust);
  return trust;
}

export async function forgetTrust(): Promise<void> {
  await put(undefined);
  pinnedTrust.set(null);
}

/** The store's present list of keys. Weaker: a store that lies about a recording would lie about keys too. */
export async function storeTrust(signal?: AbortSignal): Promise<TrustFile> {
  const text = await (await request('/v1/trust', signal === undefined ? {} : { signal })).text();
  return read('store', 'this store', text);
}

/** Looks for the pinned file once; a browser that keeps nothing has none. */
export async function loadPinned(): Promise<void> {
  if (pinnedTrust.get() !== undefined) return;
  const found = await get().catch(() => undefined);
  if (pinnedTrust.get() === undefined) pinnedTrust.set(found ?? null);
}

const done = <T>(request_: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request_.onsuccess = () => resolve(request_.result);
    request_.onerror = () => reject(request_.error ?? new Error('this browser keeps nothing'));
  });

async function table(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => void opening.result.createObjectStore(TABLE);
  return (await done(opening)).transaction(TABLE, mode).objectStore(TABLE);
}

async function put(trust: TrustFile | undefined): Promise<void> {
  const store = await table('readwrite');
  await (trust === undefined ? done(store.delete(PINNED)) : done(store.put({ name: trust.name, text: trust.text, loadedMs: trust.loadedMs }, PINNED)));
}

/** What was kept is parsed like any other file: the browser's storage is not part of the proof. */
async function get(): Promise<TrustFile | undefined> {
  const kept: unknown = await done((await table('readonly')).get(PINNED));
  if (typeof kept !== 'object' || kept === null || !('name' in kept) || !('text' in kept) || !('loadedMs' in kept)) return undefined;
  const { name, text, loadedMs } = kept;
  if (typeof name !== 'string' || typeof text !== 'string' || typeof loadedMs !== 'number') return undefined;
  return { ...(await read('file', name, text)), loadedMs };
}
