/** A list that comes in pages, newest first: the first one at once, the others when they are asked for. */
import { useCallback, useEffect, useRef, useState } from 'react';

export interface Page<T, C> {
  readonly items: readonly T[];
  /** Where the next page begins; undefined at the end. */
  readonly next: C | undefined;
}

export interface Pages<T, C> extends Page<T, C> {
  /** Nothing of the answer is there yet. */
  readonly loading: boolean;
  readonly error: unknown;
  readonly more: 'idle' | 'loading' | 'failed';
  readonly loadMore: () => void;
  readonly again: () => void;
}

interface State<T, C> extends Page<T, C> {
  readonly of: string;
  readonly error: unknown;
  readonly more: 'idle' | 'loading' | 'failed';
}

/**
 * @param question begins anew when it changes
 * @param load one page of it; `from` is undefined for the first
 */
export function usePages<T, C>(question: string, load: (from: C | undefined, signal: AbortSignal) => Promise<Page<T, C>>): Pages<T, C> {
  const [round, setRound] = useState(0);
  const [state, setState] = useState<State<T, C>>();
  const loader = useRef(load);
  useEffect(() => {
    loader.current = load;
  });
  const of = `${question}#${round}`;
  useEffect(() => {
    const abort = new AbortController();
    loader.current(undefined, abort.signal).then(
      (page) => {
        if (!abort.signal.aborted) setState({ ...page, of, error: undefined, more: 'idle' });
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setState({ items: [], next: undefined, of, error, more: 'idle' });
      },
    );
    return () => abort.abort();
  }, [of]);
  // What was there stays on screen while the same question is asked again.
  const shown = state?.of === of || state?.of.startsWith(`${question}#`) === true ? state : undefined;
  const from = state?.of === of && state.more !== 'loading' ? state.next : undefined;
  const loadMore = useCallback(() => {
    if (from === undefined) return;
    const now = (s: State<T, C> | undefined): s is State<T, C> => s?.of === of;
    setState((s) => (now(s) ? { ...s, more: 'loading' } : s));
    loader.current(from, new AbortController().signal).then(
      (page) => setState((s) => (now(s) ? { ...s, items: [...s.items, ...page.items], next: page.next, more: 'idle' } : s)),
      () => setState((s) => (now(s) ? { ...s, more: 'failed' } : s)),
    );
  }, [from, of]);
  return { items: shown?.items ?? [], next: shown?.next, loading: shown === undefined, error: shown?.error, more: shown?.more ?? 'idle', loadMore, again: () => setRound((n) => n + 1) };
}
