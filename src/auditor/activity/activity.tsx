/** Who watched what: reads of evidence are recorded like everything else, this one too. */
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { IconEye, IconRefresh, IconSearch } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import type { z } from 'zod';
import { isSessionId } from '../../base/ids.ts';
import { type auditEntry, auditList } from '../../contract/store/audit.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatTime, plural, shortDigest } from '../../ui/format.ts';
import { Pill } from '../../ui/pill.tsx';
import { LoadingRows, ScreenHead } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import { Link } from '../link.tsx';
import { VirtualTable, type TableColumn } from '../table.tsx';
import { Failed } from '../ui.tsx';
import classes from './activity.module.css';
import { actionWords, isViewing } from './words.ts';

type Entry = z.output<typeof auditEntry>;

const LIMIT = 1_000;

/** The session that an entry is about, when it is about one. */
const sessionOf = (object: string): string | undefined => {
  const [first = ''] = object.split('/');
  return isSessionId(first) ? first : undefined;
};

function What({ entry }: { entry: Entry }) {
  const session = sessionOf(entry.object);
  if (session === undefined) return <>{entry.object}</>;
  const part = entry.object.slice(session.length + 1);
  return (
    <>
      <Link to={{ page: 'session', id: session }} className={classes.link}>
        {shortDigest(session.replaceAll('-', ''))}
      </Link>
      {part !== '' && <span className={classes.part}>{part}</span>}
    </>
  );
}

const columns: readonly TableColumn<Entry>[] = [
  { key: 'time', title: 'Time', track: '150px', cell: (e) => <span className={classes.time}>{formatTime(e.t_ms)}</span> },
  { key: 'who', title: 'Who', track: 'minmax(170px, 1fr)', cell: (e) => (e.sub === '' ? <span className={classes.dim}>{e.device_id === '' ? 'the store' : shortDigest(e.device_id)}</span> : e.sub), full: (e) => `${e.iss} ${e.sub}` },
  { key: 'did', title: 'Did', track: '200px', cell: (e) => actionWords(e.action), full: (e) => e.action },
  { key: 'what', title: 'What', track: 'minmax(240px, 2fr)', cell: (e) => <What entry={e} />, full: (e) => [e.object, e.detail].filter((x) => x !== '').join(' · ') },
  { key: 'from', title: 'From', track: '120px', cell: (e) => e.address },
  {
    key: 'outcome',
    title: 'Outcome',
    track: '90px',
    cell: (e) => (
      <Pill size="xs" tone={e.outcome === 'ok' ? 'neutral' : 'deny'}>
        {e.outcome === 'ok' ? 'done' : 'refused'}
      </Pill>
    ),
    full: (e) => (e.outcome === 'refused' ? e.detail : ''),
  },
];

export function Activity() {
  const load = useCallback((signal: AbortSignal) => ask(auditList, `/v1/audit?limit=${LIMIT}`, { signal }), []);
  const { loaded, value, reload } = useLoad(load);
  const [scope, setScope] = useState<'views' | 'all'>('views');
  const [query, setQuery] = useState('');
  const words = query.trim().toLowerCase();
  const entries = (value?.entries ?? []).filter((e) => (scope === 'all' || isViewing(e.action)) && (words === '' || `${e.sub} ${e.object} ${e.action} ${e.detail} ${e.address}`.toLowerCase().includes(words)));
  return (
    <section className={frame.screen} aria-label="Who watched what">
      <ScreenHead title="Who watched what" sub={value === undefined ? 'Loading the trail' : `${plural(entries.length, 'entry', 'entries')} among the newest ${plural(value.entries.length, 'one')} of the store’s trail`}>
        <TextInput w={240} leftSection={<IconSearch size={15} aria-hidden />} placeholder="Person, session, address" aria-label="Narrow the trail" value={query} onChange={(e) => setQuery(e.currentTarget.value)} />
        <SegmentedControl
          size="sm"
          aria-label="Which entries"
          value={scope}
          onChange={setScope}
          data={[
            { value: 'views', label: 'Evidence' },
            { value: 'all', label: 'Everything' },
          ]}
        />
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={reload}>
          Refresh
        </Button>
      </ScreenHead>
      {loaded.state === 'loading' && <LoadingRows />}
      {loaded.state === 'failed' && <Failed what="The trail could not be read" error={loaded.error} onRetry={reload} />}
      {value !== undefined && entries.length === 0 && (
        <EmptyState icon={<IconEye size={26} />} title="Nothing to see">
          No entry of the trail fits. Reads of recordings, searches and exports show up here the moment they happen.
        </EmptyState>
      )}
      {entries.length > 0 && (
        <div className={classes.frame}>
          <VirtualTable label="The store’s trail" columns={columns} rows={entries} keyOf={(e) => e.id} />
        </div>
      )}
    </section>
  );
}
