/** Something asked of the store: on its way, there, or failed. */
import { useCallback, useEffect, useState } from 'react';

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly error: unknown };

export interface Load<T> {
  readonly loaded: Loaded<T>;
  readonly value: T | undefined;
  readonly reload: () => void;
}

interface Answer<T> {
  readonly to: (signal: AbortSignal) => Promise<T>;
  readonly round: number;
  readonly loaded: Loaded<T>;
}

/**
 * Loads when it is first drawn, when `load` changes, and on `reload`. What is loaded stays on screen while the same
 * `load` runs again.
 * @param load must keep its identity between renders (useCallback)
 */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>): Load<T> {
  const [answer, setAnswer] = useState<Answer<T>>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    const give = (loaded: Loaded<T>): void => {
      if (!abort.signal.aborted) setAnswer({ to: load, round, loaded });
    };
    load(abort.signal).then(
      (value) => give({ state: 'ready', value }),
      (error: unknown) => give({ state: 'failed', error }),
    );
    return () => abort.abort();
  }, [load, round]);
  const loaded: Loaded<T> = answer?.to === load && (answer.round === round || answer.loaded.state === 'ready') ? answer.loaded : { state: 'loading' };
  const reload = useCallback(() => setRound((n) => n + 1), []);
  return { loaded, value: loaded.state === 'ready' ? loaded.value : undefined, reload };
}
