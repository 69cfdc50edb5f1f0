/** My recorded sessions, on this laptop and in the store. */
import { TextInput } from '@mantine/core';
import { IconCloudCheck, IconCloudUp, IconEyeOff, IconPlayerRecordFilled, IconRefreshAlert, IconSearch, IconVideo } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useCallback, useState } from 'react';
import type { SessionSummary } from '../../contract/ipc/sessions.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { clientText, formatAgo, formatBytes, formatCount, formatDuration, formatTime, plural } from '../../ui/format.ts';
import type { Tone } from '../../ui/pill.tsx';
import { isProduction, Pill, VerdictPill } from '../../ui/pill.tsx';
import { api } from '../api.ts';
import { useLive, useNow } from '../live.ts';
import { goTo } from '../navigation.ts';
import { Failed, LoadingRows, ScreenHead } from '../screen.tsx';
import frame from '../../ui/screen.module.css';
import { SessionDetail } from './session-detail.tsx';
import classes from './sessions.module.css';

const states: Readonly<Record<SessionSummary['state'], { tone: Tone; word: string; icon: ReactNode }>> = {
  live: { tone: 'deny', word: 'Recording', icon: <IconPlayerRecordFilled size={11} aria-hidden /> },
  pending_upload: { tone: 'hold', word: 'Waiting to upload', icon: <IconCloudUp size={13} aria-hidden /> },
  uploaded: { tone: 'neutral', word: 'In the store', icon: <IconCloudCheck size={13} aria-hidden /> },
  recovered: { tone: 'hold', word: 'Recovered', icon: <IconRefreshAlert size={13} aria-hidden /> },
};

function SessionRow({ session: s, now }: { session: SessionSummary; now: number }) {
  const { tone, word, icon } = states[s.state];
  return (
    <tr>
      <td>
        <button type="button" className={classes.open} onClick={() => goTo('sessions', s.id)}>
          {s.connection}
        </button>{' '}
        {isProduction(s.labels) && (
          <Pill size="xs" tone="deny">
            prod
          </Pill>
        )}
        <span className={classes.sub}>
          {s.database === '' ? clientText(s.client) : `${s.database} · ${s.client}`}
        </span>
      </td>
      <td title={formatTime(s.startedMs)}>
        {formatAgo(s.startedMs, now)}
        <span className={classes.sub}>
          {formatDuration((s.endedMs ?? now) - s.startedMs)} · {formatBytes(s.sizeBytes)}
        </span>
      </td>
      <td className={classes.num}>{formatCount(s.statements)}</td>
      <td>
        <span className={classes.marks}>
          {s.denied > 0 && (
            <Pill size="xs" tone="deny">
              {s.denied} denied
            </Pill>
          )}
          {s.held > 0 && (
            <Pill size="xs" tone="hold">
              {s.held} held
            </Pill>
          )}
          {s.maskedCells > 0 && (
            <Pill size="xs" tone="mask" icon={<IconEyeOff size={11} aria-hidden />}>
              {formatCount(s.maskedCells)} masked
            </Pill>
          )}
        </span>
      </td>
      <td>
        <Pill tone={tone} icon={icon}>
          {word}
        </Pill>
      </td>
      <td>
        <VerdictPill verdict={s.verdict} />
      </td>
    </tr>
  );
}

function SessionTable({ sessions }: { sessions: readonly SessionSummary[] }) {
  const now = useNow(5_000);
  return (
    <div className={frame.card} style={{ overflow: 'auto' }} tabIndex={0} role="region" aria-label="Recorded sessions">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Connection</th>
            <th scope="col">Began</th>
            <th scope="col" className={classes.num}>
              Requests
            </th>
            <th scope="col">Noteworthy</th>
            <th scope="col">Where</th>
            <th scope="col">Verified</th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((s) => (
            <SessionRow key={s.id} session={s} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SessionList() {
  const load = useCallback(() => api.sessions.list(), []);
  const { loaded, value, reload } = useLive(load, api.sessions.onChanged);
  const [query, setQuery] = useState('');
  const all = value ?? [];
  const found = all.filter((s) => `${s.connection} ${s.database} ${s.client} ${s.id}`.toLowerCase().includes(query.trim().toLowerCase()));
  return (
    <section className={frame.screen} aria-label="Sessions">
      <ScreenHead title="My sessions" sub={value === undefined ? 'Loading recordings' : `${plural(all.length, 'recording')}, each verifiable by anyone with the public keys`}>
        <TextInput w={280} leftSection={<IconSearch size={15} />} placeholder="Search connection, client, id" aria-label="Search sessions" value={query} onChange={(e) => setQuery(e.currentTarget.value)} />
      </ScreenHead>
      <div className={frame.body}>
        {loaded.state === 'loading' && <LoadingRows />}
        {loaded.state === 'failed' && <Failed what="The sessions could not be listed" error={loaded.error} onRetry={reload} />}
        {loaded.state === 'ready' && found.length === 0 && (
          <EmptyState icon={<IconVideo size={26} />} title={all.length === 0 ? 'Nothing recorded yet' : 'Nothing matches'}>
            {all.length === 0 ? 'Every session you open, here or with your own client, is recorded and shows up here.' : 'No session has this in its connection, database, client or id.'}
          </EmptyState>
        )}
        {found.length > 0 && <SessionTable sessions={found} />}
      </div>
    </section>
  );
}

export const Sessions = ({ item }: { item: string | undefined }) => (item === undefined ? <SessionList /> : <SessionDetail key={item} id={item} />);
