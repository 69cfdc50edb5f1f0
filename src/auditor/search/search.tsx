/** Find what was done: words, facets, time. The address holds the whole question. */
import { Button } from '@mantine/core';
import { IconDatabaseSearch, IconSearchOff } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import type { SearchFilters } from '../../contract/store/search.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatCount, plural } from '../../ui/format.ts';
import { LoadingRows } from '../../ui/screen.tsx';
import { placeOf } from '../../ui/replay-keys.ts';
import { goTo, queryOf } from '../place.ts';
import { Failed } from '../ui.tsx';
import { Facets } from './facets.tsx';
import { FilterChips } from './filter-chips.tsx';
import { Histogram } from './histogram.tsx';
import { HitList } from './hit-list.tsx';
import { QueryBar } from './query-bar.tsx';
import classes from './search.module.css';
import { type Found, useSearch } from './use-search.ts';

function countText(found: Found): string {
  const { facets, hits } = found;
  if (found.nextCursor === undefined) return plural(hits.length, 'match', 'matches');
  if (found.searchedBackToMs !== undefined) return `${plural(hits.length, 'match', 'matches')} so far`;
  if (facets === undefined) return `${formatCount(hits.length)} shown`;
  if (facets.complete) return plural(facets.counted, 'match', 'matches');
  return `More than ${plural(facets.counted, 'match', 'matches')}; counts are of the newest ${formatCount(facets.counted)}`;
}

function IndexNote({ index }: { index: Found['index'] }) {
  if (index.pending_chunks === 0 && index.failed_chunks === 0) return null;
  const parts = [
    ...(index.pending_chunks > 0 ? [`${plural(index.pending_chunks, 'part')} of recordings not searchable yet`] : []),
    ...(index.failed_chunks > 0 ? [`${plural(index.failed_chunks, 'part')} could not be indexed`] : []),
  ];
  return <span className={classes.note}>{parts.join(' · ')}</span>;
}

function Nothing({ filters }: { filters: SearchFilters }) {
  if (Object.keys(filters).length === 0) {
    return (
      <EmptyState icon={<IconDatabaseSearch size={26} />} title="Nothing recorded yet">
        Statements show up here seconds after a session has uploaded them.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={<IconSearchOff size={26} />}
      title="Nothing matches"
      action={
        <Button variant="default" onClick={() => goTo({ page: 'search', filters: {} })}>
          Clear the search
        </Button>
      }
    >
      All words must occur in one statement. Try fewer of them, the beginning of a word with a star (<code>cust*</code>), or a longer period.
    </EmptyState>
  );
}

export function Search({ filters }: { filters: SearchFilters }) {
  const state = useSearch(filters);
  const field = useRef<HTMLInputElement>(null);
  const scroll = useRef<HTMLDivElement>(null);
  const { found } = state;
  useEffect(() => {
    const onKey = (e: KeyboardEvent): void => {
      if (e.key !== '/' || e.ctrlKey || e.metaKey || e.altKey || placeOf(e.target) === 'field') return;
      e.preventDefault();
      field.current?.select();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  const toList = (): void => scroll.current?.querySelector<HTMLElement>('a[tabindex="0"]')?.focus();
  return (
    <section className={classes.root} aria-label="Search">
      <h1 className={classes.hidden}>Search recorded statements</h1>
      <div className={classes.top}>
        <QueryBar filters={filters} field={field} onDown={toList} />
        <FilterChips filters={filters} />
      </div>
      <div className={classes.body}>
        <Facets facets={found?.facets} filters={filters} />
        <div className={classes.results}>
          {found !== undefined && found.hits.length > 0 && (
            <div className={classes.resultHead}>
              <div className={classes.status} role="status" aria-live="polite">
                <b>{countText(found)}</b>
                <IndexNote index={found.index} />
              </div>
              {found.facets !== undefined && <Histogram facets={found.facets} filters={filters} />}
            </div>
          )}
          {found === undefined && state.busy && <LoadingRows rows={9} />}
          {state.error !== undefined && <Failed what="The search could not run" error={state.error} onRetry={state.again} />}
          {found?.hits.length === 0 && found.nextCursor === undefined && <Nothing filters={filters} />}
          {found !== undefined && (found.hits.length > 0 || found.nextCursor !== undefined) && <HitList key={queryOf(filters)} found={found} state={state} scroll={scroll} />}
        </div>
      </div>
    </section>
  );
}
