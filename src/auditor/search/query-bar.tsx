/** The words that are looked for. */
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import type { RefObject } from 'react';
import { useState } from 'react';
import type { SearchFilters } from '../../contract/store/search.ts';
import { goTo } from '../place.ts';
import { without } from './filter-chips.tsx';
import { PeriodChoice } from './period-choice.tsx';
import { SavedSearches } from './saved-searches.tsx';
import classes from './search.module.css';

type Mode = 'text' | 'contains';

const help: Readonly<Record<Mode, string>> = {
  text: 'Words of a statement or command: customers email, "from orders", cust*',
  contains: 'These very characters: email = \'',
};

const modeOf = (filters: SearchFilters): Mode => (filters.contains !== undefined && filters.text === undefined ? 'contains' : 'text');

/** Why a text cannot be searched for; undefined when it can. */
function problemOf(mode: Mode, text: string): string | undefined {
  if (text === '') return undefined;
  if (mode === 'contains') return text.length < 2 ? 'At least two characters' : undefined;
  return /[\p{L}\p{N}]/u.test(text) ? undefined : 'A word has a letter or a digit in it; choose “Exact” for signs';
}

export function QueryBar({ filters, field, onDown }: { filters: SearchFilters; field: RefObject<HTMLInputElement | null>; onDown: () => void }) {
  const [mode, setMode] = useState<Mode>(modeOf(filters));
  const [draft, setDraft] = useState(filters[mode] ?? '');
  const [problem, setProblem] = useState<string>();
  // Another address brings other words; the field itself stays, and with it the caret.
  const [shown, setShown] = useState({ text: filters.text, contains: filters.contains });
  if (shown.text !== filters.text || shown.contains !== filters.contains) {
    const next = filters.text === undefined && filters.contains === undefined ? mode : modeOf(filters);
    setShown({ text: filters.text, contains: filters.contains });
    setMode(next);
    setDraft(filters[next] ?? '');
    setProblem(undefined);
  }
  const run = (by: Mode, words: string): void => {
    const text = words.trim();
    const bad = problemOf(by, text);
    setProblem(bad);
    if (bad === undefined) goTo({ page: 'search', filters: { ...without(filters, 'text', 'contains'), ...(text === '' ? {} : { [by]: text }) } });
  };
  return (
    <form
      className={classes.bar}
      role="search"
      onSubmit={(e) => {
        e.preventDefault();
        run(mode, draft);
      }}
    >
      <TextInput
        ref={field}
        className={classes.field}
        type="search"
        size="sm"
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={draft === '' ? <kbd>/</kbd> : null}
        placeholder={help[mode]}
        aria-label="Search statements"
        error={problem}
        value={draft}
        onChange={(e) => {
          setDraft(e.currentTarget.value);
          setProblem(undefined);
        }}
        onKeyDown={(e) => {
          if (e.key === 'ArrowDown') {
            e.preventDefault();
            onDown();
          }
        }}
      />
      <SegmentedControl
        size="sm"
        className={classes.mode}
        aria-label="How to search"
        value={mode}
        onChange={(value) => {
          setMode(value);
          if (draft.trim() !== '') run(value, draft);
        }}
        data={[
          { value: 'text', label: 'Words' },
          { value: 'contains', label: 'Exact' },
        ]}
      />
      <Button type="submit">Search</Button>
      <span className={classes.split} aria-hidden />
      <PeriodChoice filters={filters} />
      <SavedSearches filters={filters} />
    </form>
  );
}
