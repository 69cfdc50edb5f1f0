/** Values that main owns and keeps telling: loaded once, then replaced by every event. */
import { useCallback, useEffect, useState } from 'react';
import type { IpcResult } from '../contract/ipc/slice.ts';
import { ask } from './api.ts';

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly error: unknown };

export interface Live<T> {
  readonly loaded: Loaded<T>;
  readonly value: T | undefined;
  /** Asks again; the old value stays on screen meanwhile. */
  readonly reload: () => void;
  readonly replace: (value: T) => void;
}

/**
 * `load` and `subscribe` must keep their identity between renders (module functions or useCallback).
 * An event that arrives while the load is under way wins over the load's older answer.
 */
export function useLive<T>(load: () => Promise<IpcResult<T>>, subscribe?: (listener: (value: T) => void) => () => void): Live<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    const stop = subscribe?.((value) => {
      current = false;
      setLoaded({ state: 'ready', value });
    });
    ask(load()).then(
      (value) => {
        if (current) setLoaded({ state: 'ready', value });
      },
      (error: unknown) => {
        if (current) setLoaded((old) => (old.state === 'ready' ? old : { state: 'failed', error }));
      },
    );
    return () => {
      current = false;
      stop?.();
    };
  }, [load, subscribe, round]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  const replace = useCallback((value: T) => setLoaded({ state: 'ready', value }), []);
  return { loaded, value: loaded.state === 'ready' ? loaded.value : undefined, reload, replace };
}

/** The current time, refreshed every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
