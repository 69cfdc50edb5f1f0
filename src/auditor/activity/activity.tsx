/** Who watched what: reads of evidence are recorded like everything else, this one too. */
import { ActionIcon, Button, SegmentedControl, Switch, TextInput } from '@mantine/core';
import { IconEye, IconRefresh, IconSearch } from '@tabler/icons-react';
import { useEffect, useMemo, useState } from 'react';
import { auditList } from '../../contract/store/audit.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatTime, plural, shortDigest } from '../../ui/format.ts';
import { Pill } from '../../ui/pill.tsx';
import { LoadingRows, ScreenHead } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask, queryText } from '../api/http.ts';
import { type Pages, usePages } from '../api/use-pages.ts';
import { Link } from '../link.tsx';
import { VirtualTable, type TableColumn } from '../table.tsx';
import { Failed } from '../ui.tsx';
import classes from './activity.module.css';
import { asLines, foldTrail, partOf, type TrailEntry, type TrailLine } from './fold.ts';

const PAGE = 500;

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

/** Waits with a question until the person has stopped typing. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

export function Activity() {
  const [scope, setScope] = useState<'evidence' | 'all'>('evidence');
  const [refused, setRefused] = useState(false);
  const [query, setQuery] = useState('');
  const [backToMs, setBackTo] = useState<number>();
  const text = useSettled(query.trim());
  const question = queryText({ scope, outcome: refused ? 'refused' : undefined, text: text === '' ? undefined : text, limit: PAGE });
  const pages = usePages(question, async (before: number | undefined, signal) => {
    const reply = await ask(auditList, `/v1/audit${question}${before === undefined ? '' : `&before=${before}`}`, { signal });
    setBackTo(reply.searched_back_to_ms);
    return { items: reply.entries, next: reply.next_before };
  });
  const { items } = pages;
  const lines = useMemo(() => (scope === 'all' ? asLines(items) : foldTrail(items)), [scope, items]);
  const older = pages.next === undefined ? '' : backToMs === undefined ? ', and older ones' : `, back to ${formatTime(backToMs).slice(0, 16)}`;
  return (
    <section className={frame.screen} aria-label="Who watched what">
      <ScreenHead title="Who watched what" sub={pages.loading ? 'Loading the trail' : `${plural(lines.length, 'line')} from ${plural(items.length, 'entry', 'entries')} of the store’s trail${older}`}>
        <TextInput w={210} leftSection={<IconSearch size={15} aria-hidden />} placeholder="Person, session, address" aria-label="Narrow the trail" maxLength={200} value={query} onChange={(e) => setQuery(e.currentTarget.value)} />
        <Switch size="xs" label="Refused only" checked={refused} onChange={(e) => setRefused(e.currentTarget.checked)} />
        <SegmentedControl
          size="sm"
          aria-label="Which entries"
          value={scope}
          onChange={setScope}
          data={[
            { value: 'evidence', label: 'Evidence' },
            { value: 'all', label: 'Everything' },
          ]}
        />
        <ActionIcon variant="default" size={36} aria-label="Refresh" title="Refresh" onClick={pages.again}>
          <IconRefresh size={16} aria-hidden />
        </ActionIcon>
      </ScreenHead>
      {pages.loading && <LoadingRows />}
      {pages.error !== undefined && <Failed what="The trail could not be read" error={pages.error} onRetry={pages.again} />}
      {!pages.loading && pages.error === undefined && lines.length === 0 && pages.next === undefined && (
        <EmptyState icon={<IconEye size={26} />} title="Nothing to see">
          No entry of the trail fits. Reads of recordings, searches and exports show up here the moment they happen.
        </EmptyState>
      )}
      {(lines.length > 0 || pages.next !== undefined) && (
        <div className={classes.frame}>
          <VirtualTable label="The store’s trail" columns={columns} rows={lines} keyOf={(l) => l.newest.id} onEnd={pages.more === 'idle' && pages.next !== undefined ? pages.loadMore : undefined} foot={<Foot pages={pages} />} />
        </div>
      )}
    </section>
  );
}

function Foot({ pages }: { pages: Pick<Pages<TrailEntry, number>, 'more' | 'next' | 'again'> }) {
  if (pages.more === 'failed') {
    return (
      <span role="alert">
        The next page did not come.{' '}
        <Button size="compact-xs" variant="subtle" onClick={pages.again}>
          Begin again
        </Button>
      </span>
    );
  }
  return <span role="status">{pages.next === undefined ? 'That is all.' : 'Loading older ones…'}</span>;
}
