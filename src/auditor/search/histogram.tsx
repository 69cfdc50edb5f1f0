/** Matches over time; a bar narrows the search to its time. */
import type { SearchFacets, SearchFilters } from '../../contract/store/search.ts';
import { formatCount, formatTime, plural } from '../../ui/format.ts';
import { goTo } from '../place.ts';
import classes from './search.module.css';

/** Seconds matter only where there are no days. */
const axisText = (ms: number, spanMs: number): string => (spanMs < 2 * 3_600_000 ? formatTime(ms) : formatTime(ms).slice(0, 16));

export function Histogram({ facets, filters }: { facets: SearchFacets; filters: SearchFilters }) {
  const bars = facets.histogram;
  const highest = bars.reduce((max, b) => Math.max(max, b.count), 0);
  const [first, last] = [bars[0], bars.at(-1)];
  if (first === undefined || last === undefined || highest === 0) return null;
  const span = `${plural(facets.counted, 'match', 'matches')} from ${formatTime(first.from_ms)} to ${formatTime(last.to_ms)}`;
  return (
    <figure className={classes.histogram} aria-label={`Over time: ${span}`}>
      <div className={classes.bars} aria-hidden>
        {bars.map((b) => (
          <span
            key={b.from_ms}
            className={classes.column}
            title={`${axisText(b.from_ms, last.to_ms - first.from_ms)}: ${formatCount(b.count)}`}
            data-empty={b.count === 0 ? '' : undefined}
            onClick={b.count === 0 ? undefined : () => goTo({ page: 'search', filters: { ...filters, from_ms: b.from_ms, to_ms: b.to_ms } })}
          >
            <i style={{ height: `${b.count === 0 ? 0 : Math.max(8, (b.count / highest) * 100)}%` }} />
          </span>
        ))}
      </div>
      <figcaption className={classes.axis} aria-hidden>
        <span>{axisText(first.from_ms, last.to_ms - first.from_ms)}</span>
        <span>{axisText(last.to_ms, last.to_ms - first.from_ms)}</span>
      </figcaption>
    </figure>
  );
}
