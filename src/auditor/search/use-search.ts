/** A search as it is on screen: the first page with counts, and as many further pages as were scrolled to. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { type SearchFacets, type SearchFilters, type SearchHit, searchReply, type SearchReply } from '../../contract/store/search.ts';
import { ask } from '../api/http.ts';
import { queryOf } from '../place.ts';

const PAGE = 100;

export interface Found {
  readonly hits: readonly SearchHit[];
  readonly facets: SearchFacets | undefined;
  readonly index: SearchReply['index'];
  readonly nextCursor: string | undefined;
  /** The store stopped here for lack of time; going on searches older ones. */
  readonly searchedBackToMs: number | undefined;
}

export interface SearchState {
  /** The newest answer; of the search before while the next one is under way. */
  readonly found: Found | undefined;
  readonly busy: boolean;
  readonly error: unknown;
  readonly more: 'idle' | 'loading' | 'failed';
  readonly loadMore: () => void;
  /** The person has had enough of a search that goes on by itself. */
  readonly paused: boolean;
  readonly pause: (paused: boolean) => void;
  readonly again: () => void;
}

interface Answer {
  readonly asked: string;
  readonly found: Found | undefined;
  readonly error: unknown;
}

const foundOf = (r: SearchReply, facets = r.facets): Found => ({ hits: r.hits, facets, index: r.index, nextCursor: r.next_cursor, searchedBackToMs: r.searched_back_to_ms });

const search = (filters: SearchFilters, page: { cursor?: string; facets?: boolean }, signal?: AbortSignal): Promise<SearchReply> =>
  ask(searchReply, '/v1/search', { method: 'POST', body: { ...filters, limit: PAGE, ...page }, ...(signal === undefined ? {} : { signal }) });

export function useSearch(filters: SearchFilters): SearchState {
  const [round, setRound] = useState(0);
  const [answer, setAnswer] = useState<Answer>();
  const [more, setMore] = useState<SearchState['more']>('idle');
  const [pausedAt, setPausedAt] = useState<string>();
  const asked = `${queryOf(filters)}#${round}`;
  const wanted = useRef(filters);
  useEffect(() => {
    wanted.current = filters;
  }, [filters]);
  useEffect(() => {
    const abort = new AbortController();
    search(wanted.current, { facets: true }, abort.signal).then(
      (reply) => {
        if (abort.signal.aborted) return;
        setMore('idle');
        setAnswer({ asked, found: foundOf(reply), error: undefined });
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setAnswer({ asked, found: undefined, error });
      },
    );
    return () => abort.abort();
  }, [asked]);
  const busy = answer?.asked !== asked;
  const found = answer?.found;
  const loadMore = useCallback(() => {
    if (busy || found?.nextCursor === undefined) return;
    setMore('loading');
    search(wanted.current, { cursor: found.nextCursor }).then(
      (reply) =>
        setAnswer((now) => {
          if (now?.asked !== asked || now.found === undefined) return now;
          setMore('idle');
          return { ...now, found: { ...foundOf(reply, now.found.facets), hits: [...now.found.hits, ...reply.hits] } };
        }),
      () => setMore('failed'),
    );
  }, [busy, found, asked]);
  return { found, busy, error: busy ? undefined : answer.error, more, loadMore, paused: pausedAt === asked, pause: (paused) => setPausedAt(paused ? asked : undefined), again: () => setRound((n) => n + 1) };
}
