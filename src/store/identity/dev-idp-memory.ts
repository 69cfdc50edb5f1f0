/** State of the development identity provider: in memory, gone with the process, with everything expiring. */
import type { Adapter, AdapterPayload } from 'oidc-provider';

const MAX_ENTRIES = 10_000;

/** One map per provider, so that two stores in one process do not share sessions. */
export function memoryAdapters(nowMs: () => number): (model: string) => Adapter {
  const entries = new Map<string, { payload: AdapterPayload; expiresMs: number }>();
  const live = (key: string): AdapterPayload | undefined => {
    const entry = entries.get(key);
    if (entry === undefined || entry.expiresMs > nowMs()) return entry?.payload;
    entries.delete(key);
    return undefined;
  };
  const search = (model: string, fits: (p: AdapterPayload) => boolean): AdapterPayload | undefined => {
    for (const key of [...entries.keys()]) {
      const payload = key.startsWith(`${model}:`) ? live(key) : undefined;
      if (payload !== undefined && fits(payload)) return payload;
    }
    return undefined;
  };
  return (model) => ({
    upsert: (id, payload, expiresInS) => {
      if (entries.size >= MAX_ENTRIES) for (const key of [...entries.keys()]) live(key);
      if (entries.size >= MAX_ENTRIES) return Promise.reject(new Error('too many sign-ins under way'));
      entries.set(`${model}:${id}`, { payload, expiresMs: expiresInS === undefined ? Infinity : nowMs() + expiresInS * 1000 });
      return Promise.resolve();
    },
    find: (id) => Promise.resolve(live(`${model}:${id}`)),
    findByUid: (uid) => Promise.resolve(search(model, (p) => p.uid === uid)),
    findByUserCode: (code) => Promise.resolve(search(model, (p) => p.userCode === code)),
    consume: (id) => {
      const payload = live(`${model}:${id}`);
      if (payload !== undefined) payload['consumed'] = Math.floor(nowMs() / 1000);
      return Promise.resolve();
    },
    destroy: (id) => {
      entries.delete(`${model}:${id}`);
      return Promise.resolve();
    },
    revokeByGrantId: (grantId) => {
      for (const [key, { payload }] of entries) if (payload.grantId === grantId) entries.delete(key);
      return Promise.resolve();
    },
  });
}
