/** What the search is narrowed by, each a click away from being taken back. */
import { IconX } from '@tabler/icons-react';
import type { SearchFilters } from '../../contract/store/search.ts';
import { goTo, lists } from '../place.ts';
import { decisionWords, facetTitles } from './words.ts';
import { periodText } from './times.ts';
import classes from './search.module.css';

interface Chip {
  readonly key: string;
  readonly name: string;
  readonly value: string;
  readonly without: SearchFilters;
}

export function without(filters: SearchFilters, ...names: (keyof SearchFilters)[]): SearchFilters {
  return Object.fromEntries(Object.entries(filters).filter(([name]) => !names.some((n) => n === name)));
}

/** Adds a value of a list, or takes it away when it is there. */
export function toggled(filters: SearchFilters, name: (typeof lists)[number], value: string): SearchFilters {
  const old: readonly string[] = filters[name] ?? [];
  const next = old.includes(value) ? old.filter((v) => v !== value) : [...old, value];
  return next.length === 0 ? without(filters, name) : { ...filters, [name]: next };
}

export function chipsOf(filters: SearchFilters): Chip[] {
  const chips: Chip[] = [];
  for (const name of lists) {
    for (const value of filters[name] ?? []) {
      const shown = name === 'decision' ? (decisionWords[value] ?? value) : value;
      chips.push({ key: `${name} ${value}`, name: name === 'session' ? 'Session' : facetTitles[name], value: shown, without: toggled(filters, name, value) });
    }
  }
  if (filters.failed === true) chips.push({ key: 'failed', name: 'Outcome', value: 'failed at the target', without: without(filters, 'failed') });
  if (filters.from_ms !== undefined || filters.to_ms !== undefined) chips.push({ key: 'time', name: 'Time', value: periodText(filters.from_ms, filters.to_ms), without: without(filters, 'from_ms', 'to_ms') });
  return chips;
}

export function FilterChips({ filters }: { filters: SearchFilters }) {
  const chips = chipsOf(filters);
  if (chips.length === 0) return null;
  return (
    <ul className={classes.chips} aria-label="Filters">
      {chips.map((chip) => (
        <li key={chip.key} className={classes.chip}>
          <span>{chip.name}</span>
          <b title={chip.value}>{chip.value}</b>
          <button type="button" aria-label={`Remove the filter ${chip.name} ${chip.value}`} onClick={() => goTo({ page: 'search', filters: chip.without })}>
            <IconX size={12} stroke={2.2} aria-hidden />
          </button>
        </li>
      ))}
      {chips.length > 1 && (
        <li>
          <button type="button" className={classes.clear} onClick={() => goTo({ page: 'search', filters: { ...(filters.text === undefined ? {} : { text: filters.text }), ...(filters.contains === undefined ? {} : { contains: filters.contains }) } })}>
            Clear all
          </button>
        </li>
      )}
    </ul>
  );
}
