/** Reports over a period, for the screen, as CSV, and ready for print. */
import { Button, Group, TextInput } from '@mantine/core';
import { IconChecklist, IconClipboardCheck, IconFileSpreadsheet, IconPrinter, IconUserScan, IconUsersGroup } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import { report, type Report, type ReportKind } from '../../contract/store/reports.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatCount, formatTime, plural } from '../../ui/format.ts';
import { LoadingRows, ScreenHead } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask, queryText } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import { Link } from '../link.tsx';
import type { Place } from '../place.ts';
import { goTo } from '../place.ts';
import { VirtualTable, type TableColumn } from '../table.tsx';
import { Failed } from '../ui.tsx';
import { dayField, fromDay, monthsBack } from './period.ts';
import classes from './reports.module.css';

type ReportsPlace = Extract<Place, { page: 'reports' }> & { readonly kind: ReportKind };
type Row = Report['rows'][number];

const kinds = [
  { kind: 'access_review', title: 'Access review', text: 'Who used which target, in which groups, how often, first and last.', icon: IconUsersGroup },
  { kind: 'approvals', title: 'Approvals', text: 'Each request, who decided it and why, and what ran.', icon: IconClipboardCheck },
  { kind: 'exceptions', title: 'Exceptions', text: 'Denied, held and approved, unmasked, gaps, sessions that never closed.', icon: IconChecklist },
  { kind: 'activity', title: 'Activity', text: 'What each person did, day by day.', icon: IconUserScan },
] as const satisfies readonly { kind: ReportKind; title: string; text: string; icon: unknown }[];

function Choices({ at }: { at: ReportsPlace }) {
  return (
    <nav className={classes.kinds} aria-label="Reports">
      {kinds.map(({ kind, title, text, icon: Icon }) => (
        <Link key={kind} to={{ ...at, page: 'reports', kind }} className={classes.kind} aria-current={at.kind === kind ? 'page' : undefined}>
          <Icon size={20} stroke={1.6} aria-hidden />
          <b>{title}</b>
          <span>{text}</span>
        </Link>
      ))}
    </nav>
  );
}

function Period({ at, fromMs, toMs }: { at: ReportsPlace; fromMs: number; toMs: number }) {
  const [from, setFrom] = useState(dayField(fromMs));
  const [to, setTo] = useState(dayField(toMs - 1));
  const [person, setPerson] = useState(at.person ?? '');
  const [target, setTarget] = useState(at.target ?? '');
  const run = (): void => {
    const [begin, last] = [fromDay(from), fromDay(to)];
    goTo({
      page: 'reports',
      kind: at.kind,
      ...(begin === undefined ? {} : { fromMs: begin }),
      ...(last === undefined ? {} : { toMs: fromDay(to, 1) ?? last }),
      ...(person.trim() === '' ? {} : { person: person.trim() }),
      ...(target.trim() === '' ? {} : { target: target.trim() }),
    });
  };
  return (
    <form
      className={classes.period}
      onSubmit={(e) => {
        e.preventDefault();
        run();
      }}
    >
      <TextInput size="xs" type="date" label="From" value={from} onChange={(e) => setFrom(e.currentTarget.value)} />
      <TextInput size="xs" type="date" label="To" value={to} onChange={(e) => setTo(e.currentTarget.value)} />
      <TextInput size="xs" label="Person" placeholder="Everybody" value={person} onChange={(e) => setPerson(e.currentTarget.value)} />
      <TextInput size="xs" label="Target" placeholder="Every target" value={target} onChange={(e) => setTarget(e.currentTarget.value)} />
      <Button size="xs" type="submit">
        Run
      </Button>
    </form>
  );
}

function cellText(value: Row[number] | undefined, type: Report['columns'][number]['type']): string {
  if (value === null || value === undefined) return '';
  if (type === 'time' && typeof value === 'number') return formatTime(value);
  return typeof value === 'number' ? formatCount(value) : value;
}

/** A column of words is as wide as what it mostly holds. */
function trackOf(r: Report, i: number): string {
  const longest = Math.max(r.columns[i]?.title.length ?? 0, ...r.rows.slice(0, 200).map((row) => String(row[i] ?? '').length));
  const px = Math.round(Math.min(300, Math.max(64, longest * 7.1 + 6)));
  return `minmax(${px}px, ${px}fr)`;
}

const columnsOf = (r: Report): TableColumn<Row>[] =>
  r.columns.map((c, i) => ({
    key: c.key,
    title: c.title,
    track: c.type === 'time' ? '142px' : c.type === 'number' ? 'minmax(72px, 104px)' : trackOf(r, i),
    ...(c.type === 'number' ? { end: true } : {}),
    cell: (row) => cellText(row[i], c.type),
    full: (row) => cellText(row[i], c.type),
  }));

function Shown({ kind, query }: { kind: ReportKind; query: string }) {
  const load = useCallback((signal: AbortSignal) => ask(report, `/v1/reports/${kind}${query}`, { signal }), [kind, query]);
  const { loaded, reload } = useLoad(load);
  if (loaded.state === 'loading') return <LoadingRows />;
  if (loaded.state === 'failed') return <Failed what="The report could not be made" error={loaded.error} onRetry={reload} />;
  const r = loaded.value;
  const { basis } = r;
  return (
    <>
      <div className={classes.basis}>
        <div>
          <b>{plural(r.rows.length, 'row')}</b>
          <p>
            Made {formatTime(basis.generated_ms)} from the index; the log had {formatCount(basis.log.size)} entries, root <code>{basis.log.root.slice(0, 16)}…</code>
          </p>
          {basis.pending_chunks + basis.failed_chunks > 0 && <p className={classes.incomplete}>Incomplete: {plural(basis.pending_chunks + basis.failed_chunks, 'part')} of recordings are not in the index.</p>}
        </div>
        <Group gap="xs">
          <Button component="a" size="xs" variant="default" href={`/v1/reports/${kind}/csv${query}`} download leftSection={<IconFileSpreadsheet size={15} aria-hidden />}>
            CSV
          </Button>
          <Button component="a" size="xs" variant="default" href={`/v1/reports/${kind}/html${query}`} target="_blank" rel="noopener" leftSection={<IconPrinter size={15} aria-hidden />}>
            For print
          </Button>
        </Group>
      </div>
      {r.rows.length === 0 ? (
        <EmptyState icon={<IconChecklist size={26} />} title="Nothing in this period">
          Choose a longer one, or another person or target.
        </EmptyState>
      ) : (
        <VirtualTable label={r.title} columns={columnsOf(r)} rows={r.rows} keyOf={(_row, i) => i} />
      )}
      {r.notes.length > 0 && (
        <ul className={classes.notes}>
          {r.notes.map((n) => (
            <li key={n}>{n}</li>
          ))}
        </ul>
      )}
    </>
  );
}

export function Reports({ at: asked }: { at: Extract<Place, { page: 'reports' }> }) {
  const at: ReportsPlace = { ...asked, kind: asked.kind ?? 'access_review' };
  const [openedMs] = useState(() => Date.now());
  const toMs = at.toMs ?? fromDay(dayField(openedMs), 1) ?? openedMs;
  const fromMs = at.fromMs ?? monthsBack(toMs, 3);
  const query = queryText({ from_ms: fromMs, to_ms: toMs, person: at.person, target: at.target });
  return (
    <section className={frame.screen} aria-label="Reports">
      <ScreenHead title="Reports" sub="Made from the search index, with the state of the log that they rest on, so that another can make them again." />
      <Choices at={at} />
      <div className={classes.report}>
        <Period key={`${fromMs} ${toMs} ${at.person ?? ''} ${at.target ?? ''}`} at={at} fromMs={fromMs} toMs={toMs} />
        <Shown key={at.kind + query} kind={at.kind} query={query} />
      </div>
    </section>
  );
}
