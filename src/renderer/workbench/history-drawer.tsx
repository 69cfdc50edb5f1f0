/** What I ran before on this machine; a click puts it into the editor, it never runs by itself. */
import { Drawer, Group, Loader, Stack, Switch, Text, TextInput } from '@mantine/core';
import { IconHistory, IconSearch } from '@tabler/icons-react';
import { useCallback, useDeferredValue, useState } from 'react';
import type { HistoryEntry } from '../../contract/ipc/workbench.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatAgo, formatDuration, plural } from '../../ui/format.ts';
import type { Tone } from '../../ui/pill.tsx';
import { Pill } from '../../ui/pill.tsx';
import { SqlLine } from '../../ui/sql-text.tsx';
import { api, explain } from '../api.ts';
import { useLive, useNow } from '../live.ts';
import classes from './workbench.module.css';

const tones: Readonly<Record<HistoryEntry['outcome'], { tone: Tone; word: string }>> = {
  ok: { tone: 'allow', word: 'ok' },
  error: { tone: 'deny', word: 'error' },
  denied: { tone: 'deny', word: 'denied' },
  held: { tone: 'hold', word: 'held' },
  cancelled: { tone: 'neutral', word: 'cancelled' },
};

function Entries({ connection, search, onPick }: { connection: string | undefined; search: string; onPick: (sql: string) => void }) {
  const load = useCallback(
    () => api.workbench.history({ limit: 200, ...(connection === undefined ? {} : { connection }), ...(search === '' ? {} : { search }) }),
    [connection, search],
  );
  const { loaded } = useLive(load);
  const now = useNow(30_000);
  if (loaded.state === 'loading') return <Loader size="sm" m="lg" />;
  if (loaded.state === 'failed') return <Text c="red">{explain(loaded.error).message}</Text>;
  if (loaded.value.length === 0) {
    return (
      <EmptyState icon={<IconHistory size={26} />} title={search === '' ? 'Nothing run yet' : 'Nothing found'}>
        {search === '' ? 'Statements you run show up here.' : 'Try fewer words, or look in all connections.'}
      </EmptyState>
    );
  }
  return (
    <Stack gap={8}>
      {loaded.value.map((entry) => (
        <button key={entry.id} type="button" className={classes.historyItem} onClick={() => onPick(entry.sql)}>
          <SqlLine sql={entry.sql} max={90} />
          <span className={classes.historyMeta}>
            <Pill size="xs" tone={tones[entry.outcome].tone}>
              {tones[entry.outcome].word}
            </Pill>
            <span>{entry.connection}</span>
            <span>{formatAgo(entry.startedMs, now)}</span>
            <span>{formatDuration(entry.elapsedMs)}</span>
            {entry.rowCount !== undefined && <span>{plural(entry.rowCount, 'row')}</span>}
          </span>
        </button>
      ))}
    </Stack>
  );
}

export function HistoryDrawer(props: { opened: boolean; connection: string; onClose: () => void; onPick: (sql: string) => void }) {
  const [search, setSearch] = useState('');
  const [everywhere, setEverywhere] = useState(false);
  const deferred = useDeferredValue(search);
  return (
    <Drawer opened={props.opened} onClose={props.onClose} position="right" size={460} title={<Text fw={600}>History</Text>} closeButtonProps={{ 'aria-label': 'Close history' }}>
      <Group mb="sm" wrap="nowrap">
        <TextInput style={{ flex: 1 }} leftSection={<IconSearch size={15} />} placeholder="Search statements" aria-label="Search history" value={search} onChange={(e) => setSearch(e.currentTarget.value)} data-autofocus />
        <Switch size="xs" label="All connections" checked={everywhere} onChange={(e) => setEverywhere(e.currentTarget.checked)} />
      </Group>
      {props.opened && <Entries connection={everywhere ? undefined : props.connection} search={deferred} onPick={props.onPick} />}
    </Drawer>
  );
}
