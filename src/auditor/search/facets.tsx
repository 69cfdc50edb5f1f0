/** Counts by which a search is narrowed. */
import { IconCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { type FacetName, facetNames, type SearchFacets, type SearchFilters } from '../../contract/store/search.ts';
import { formatCount, shortDigest } from '../../ui/format.ts';
import { goTo } from '../place.ts';
import { toggled, without } from './filter-chips.tsx';
import classes from './search.module.css';
import { decisionWords, facetTitles } from './words.ts';

const ORDER = Object.keys(facetTitles) as readonly FacetName[];
const SHOWN = 5;

type Value = SearchFacets['values'][FacetName][number];

function labelOf(name: FacetName, v: { readonly value: string; readonly label?: string | undefined }): string {
  if (name === 'decision') return decisionWords[v.value] ?? v.value;
  return name === 'device' ? shortDigest(v.value.replace(/^dev_/, '')) : (v.label ?? v.value);
}

function Choice({ label, title, count, chosen, tone, onPick }: { label: string; title: string; count: number | undefined; chosen: boolean; tone?: string; onPick: () => void }) {
  return (
    <li>
      <button type="button" className={classes.choice} role="checkbox" aria-checked={chosen} title={title} onClick={onPick}>
        <span className={classes.box} data-tone={tone} aria-hidden>
          {chosen && <IconCheck size={11} stroke={3.2} />}
        </span>
        <span className={classes.choiceName}>{label}</span>
        <span className={classes.choiceCount}>{count === undefined ? '' : formatCount(count)}</span>
      </button>
    </li>
  );
}

function Facet({ name, values, filters }: { name: FacetName; values: readonly Value[]; filters: SearchFilters }) {
  const [all, setAll] = useState(false);
  const chosen: readonly string[] = filters[name] ?? [];
  // What is chosen stays in sight, with or without matches.
  const gone = chosen.filter((c) => !values.some((v) => v.value === c)).map((value) => ({ value, label: undefined, count: undefined }));
  const every = [...gone, ...values];
  if (every.length === 0) return null;
  const shown = every.filter((v, i) => all || i < SHOWN || chosen.includes(v.value));
  return (
    <section className={classes.facet} aria-label={facetTitles[name]}>
      <h2>{facetTitles[name]}</h2>
      <ul>
        {shown.map((v) => (
          <Choice
            key={v.value}
            label={labelOf(name, v)}
            title={v.value}
            count={v.count}
            chosen={chosen.includes(v.value)}
            {...(name === 'decision' ? { tone: v.value } : {})}
            onPick={() => goTo({ page: 'search', filters: toggled(filters, name, v.value) })}
          />
        ))}
      </ul>
      {every.length > SHOWN && (
        <button type="button" className={classes.more} aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Fewer' : `${every.length - SHOWN} more`}
        </button>
      )}
    </section>
  );
}

export function Facets({ facets, filters }: { facets: SearchFacets | undefined; filters: SearchFilters }) {
  const known = ORDER.filter((name) => facetNames.options.includes(name));
  return (
    <div className={classes.facets} role="region" aria-label="Narrow the search" tabIndex={0}>
      {known.map((name) => (
        <Facet key={name} name={name} values={facets?.values[name] ?? []} filters={filters} />
      ))}
      {facets !== undefined && (
        <section className={classes.facet} aria-label="Outcome">
          <h2>Outcome</h2>
          <ul>
            <Choice label="Failed at the target" title="The target answered with an error" count={undefined} chosen={filters.failed === true} onPick={() => goTo({ page: 'search', filters: filters.failed === true ? without(filters, 'failed') : { ...filters, failed: true } })} />
          </ul>
        </section>
      )}
    </div>
  );
}
