/** Who watched what: reads of evidence are recorded like everything else, this one too. */
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { IconEye, IconRefresh, IconSearch } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import { auditList } from '../../contract/store/audit.ts';
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
import { asLines, foldTrail, partOf, type TrailEntry, type TrailLine } from './fold.ts';
import { isViewing } from './words.ts';

const LIMIT = 1_000;

function What({ line }: { line: TrailLine }) {
  const { object } = line.newest;
  if (line.session === undefined) return <>{object}</>;
  const part = line.calls === 1 ? partOf(object, line.session) : plural(line.calls, 'call');
  return (
    <>
      <Link to={{ page: 'session', id: line.session }} className={classes.link}>
        {shortDigest(line.session.replaceAll('-', ''))}
      </Link>
      {part !== '' && <span className={classes.part}>{part}</span>}
    </>
  );
}

function Who({ entry }: { entry: TrailEntry }) {
  if (entry.sub !== '') return <>{entry.sub}</>;
  return <span className={classes.dim}>{entry.device_id === '' ? 'the store' : shortDigest(entry.device_id)}</span>;
}

const columns: readonly TableColumn<TrailLine>[] = [
  { key: 'time', title: 'Time', track: '148px', cell: (l) => <span className={classes.time}>{formatTime(l.newest.t_ms)}</span> },
  { key: 'who', title: 'Who', track: 'minmax(150px, 1fr)', cell: (l) => <Who entry={l.newest} />, full: (l) => `${l.newest.iss} ${l.newest.sub}` },
  { key: 'did', title: 'Did', track: '176px', cell: (l) => l.did, full: (l) => l.newest.action },
  { key: 'what', title: 'What', track: 'minmax(230px, 1.5fr)', cell: (l) => <What line={l} />, full: (l) => [l.newest.object, l.newest.detail].filter((x) => x !== '').join(' · ') },
  { key: 'from', title: 'From', track: 'minmax(84px, 130px)', cell: (l) => l.newest.address, full: (l) => l.newest.address },
  {
    key: 'outcome',
    title: 'Outcome',
    track: '76px',
    cell: ({ newest }) => (
      <Pill size="xs" tone={newest.outcome === 'ok' ? 'neutral' : 'deny'}>
        {newest.outcome === 'ok' ? 'done' : 'refused'}
      </Pill>
    ),
    full: ({ newest }) => (newest.outcome === 'refused' ? newest.detail : ''),
  },
];

export function Activity() {
  const load = useCallback((signal: AbortSignal) => ask(auditList, `/v1/audit?limit=${LIMIT}`, { signal }), []);
  const { loaded, value, reload } = useLoad(load);
  const [scope, setScope] = useState<'views' | 'all'>('views');
  const [query, setQuery] = useState('');
  const words = query.trim().toLowerCase();
  const entries = (value?.entries ?? []).filter((e) => (scope === 'all' || isViewing(e.action)) && (words === '' || `${e.sub} ${e.object} ${e.action} ${e.detail} ${e.address}`.toLowerCase().includes(words)));
  const lines = scope === 'all' ? asLines(entries) : foldTrail(entries);
  return (
    <section className={frame.screen} aria-label="Who watched what">
      <ScreenHead title="Who watched what" sub={value === undefined ? 'Loading the trail' : `${plural(lines.length, 'line')} from the newest ${plural(value.entries.length, 'entry', 'entries')} of the store’s trail`}>
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
      {value !== undefined && lines.length === 0 && (
        <EmptyState icon={<IconEye size={26} />} title="Nothing to see">
          No entry of the trail fits. Reads of recordings, searches and exports show up here the moment they happen.
        </EmptyState>
      )}
      {lines.length > 0 && (
        <div className={classes.frame}>
          <VirtualTable label="The store’s trail" columns={columns} rows={lines} keyOf={(l) => l.newest.id} />
        </div>
      )}
    </section>
  );
}
