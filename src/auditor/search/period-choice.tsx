/** From when to when. */
import { Button, Group, Popover, Stack, TextInput } from '@mantine/core';
import { IconCalendar } from '@tabler/icons-react';
import { useState } from 'react';
import type { SearchFilters } from '../../contract/store/search.ts';
import { goTo } from '../place.ts';
import { without } from './filter-chips.tsx';
import { fromField, periods, periodText, toField } from './times.ts';

export function PeriodChoice({ filters }: { filters: SearchFilters }) {
  const [opened, setOpened] = useState(false);
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const open = (): void => {
    setFrom(toField(filters.from_ms));
    setTo(toField(filters.to_ms));
    setOpened(!opened);
  };
  const narrow = (fromMs: number | undefined, toMs: number | undefined): void => {
    setOpened(false);
    goTo({ page: 'search', filters: { ...without(filters, 'from_ms', 'to_ms'), ...(fromMs === undefined ? {} : { from_ms: fromMs }), ...(toMs === undefined ? {} : { to_ms: toMs }) } });
  };
  const any = filters.from_ms === undefined && filters.to_ms === undefined;
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={280} trapFocus returnFocus shadow="md">
      <Popover.Target>
        <Button variant="default" leftSection={<IconCalendar size={16} aria-hidden />} onClick={open} aria-label={any ? 'Any time: choose a period' : `Period: ${periodText(filters.from_ms, filters.to_ms)}`}>
          {any ? 'Any time' : 'Period'}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap={2}>
          <Button variant={any ? 'light' : 'subtle'} color="gray" size="compact-sm" justify="flex-start" onClick={() => narrow(undefined, undefined)}>
            Any time
          </Button>
          {periods.map((p) => (
            <Button key={p.name} variant="subtle" color="gray" size="compact-sm" justify="flex-start" onClick={() => narrow(Date.now() - p.lengthMs, undefined)}>
              {p.name}
            </Button>
          ))}
        </Stack>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            narrow(fromField(from), fromField(to));
          }}
        >
          <Stack gap={8} mt={10}>
            <TextInput size="xs" type="datetime-local" label="From" value={from} onChange={(e) => setFrom(e.currentTarget.value)} />
            <TextInput size="xs" type="datetime-local" label="To" value={to} onChange={(e) => setTo(e.currentTarget.value)} />
            <Group justify="flex-end">
              <Button size="xs" type="submit">
                Apply
              </Button>
            </Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
