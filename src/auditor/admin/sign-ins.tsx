/** Who is signed in to the store, with what and from where; and the end of it. For administrators. */
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { IconLogin2, IconRefresh, IconSearch } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import { emptyReply } from '../../contract/store/common.ts';
import { endSessionsReply, sessionList, type StoreSession } from '../../contract/store/identity.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatTime, plural } from '../../ui/format.ts';
import { Pill } from '../../ui/pill.tsx';
import { LoadingRows, ScreenHead } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask } from '../api/http.ts';
import { tellSignedOut } from '../api/signed-out.ts';
import { useLoad } from '../api/use-load.ts';
import { ConfirmDialog } from '../confirm.tsx';
import { goTo } from '../place.ts';
import { tell } from '../notify.ts';
import { VirtualTable, type TableColumn } from '../table.tsx';
import { Failed, personText } from '../ui.tsx';
import classes from './admin.module.css';

type Doing = { readonly what: 'one' | 'all'; readonly session: StoreSession };

/** What the store lists at once; the newest. */
const LISTED = 1_000;

const kinds = {
  browser: { word: 'Browser', filter: 'Browsers' },
  bearer: { word: 'App or command', filter: 'Apps' },
  service: { word: 'Service', filter: 'Services' },
} as const;
type Kind = keyof typeof kinds;
const scopes = [{ value: 'all', label: 'All' }, ...(Object.keys(kinds) as Kind[]).map((value) => ({ value, label: kinds[value].filter }))];

function columnsFor(onDo: (doing: Doing) => void): TableColumn<StoreSession>[] {
  const end = (s: StoreSession) => (
    <span className={classes.actions}>
      <Button size="compact-xs" variant="default" aria-label={`End this sign-in of ${s.principal.sub}`} onClick={() => onDo({ what: 'one', session: s })}>
        End…
      </Button>
      <Button size="compact-xs" variant="default" aria-label={`End all sign-ins of ${s.principal.sub}`} onClick={() => onDo({ what: 'all', session: s })}>
        End all…
      </Button>
    </span>
  );
  return [
    {
      key: 'person',
      title: 'Person',
      track: 'minmax(150px, 150fr)',
      cell: (s) => (
        <>
          {s.current && (
            <Pill size="xs" tone="accent">
              you, here
            </Pill>
          )}{' '}
          {personText(s.principal)}
        </>
      ),
      full: (s) => `${s.principal.sub}, signed in by ${s.principal.iss}; groups ${s.principal.groups.join(', ')}`,
    },
    { key: 'kind', title: 'With', track: '110px', cell: (s) => kinds[s.kind].word, full: (s) => s.user_agent },
    { key: 'began', title: 'Since', track: '132px', cell: (s) => <span className={classes.time}>{formatTime(s.created_ms).slice(0, 16)}</span>, full: (s) => `until ${formatTime(s.expires_ms)}` },
    { key: 'seen', title: 'Last seen', track: '132px', cell: (s) => <span className={classes.time}>{s.seen_ms === undefined ? 'never' : formatTime(s.seen_ms).slice(0, 16)}</span> },
    { key: 'from', title: 'From', track: 'minmax(80px, 80fr)', cell: (s) => s.address, full: (s) => s.address },
    { key: 'program', title: 'Program or device', track: 'minmax(110px, 110fr)', cell: (s) => <span className={classes.dim}>{s.device_id ?? s.user_agent}</span>, full: (s) => [s.device_id, s.user_agent].filter((x) => x !== undefined && x !== '').join(' · ') },
    { key: 'do', title: 'Actions', track: '132px', end: true, cell: end },
  ];
}

const holds = (s: StoreSession, words: string): boolean => words === '' || `${s.principal.name} ${s.principal.sub} ${s.address} ${s.user_agent} ${s.device_id ?? ''}`.toLowerCase().includes(words);

export function SignIns({ person }: { person: string | undefined }) {
  const load = useCallback((signal: AbortSignal) => ask(sessionList, '/v1/sessions?all=true', { signal }), []);
  const { loaded, value, reload } = useLoad(load);
  const [scope, setScope] = useState<'all' | Kind>('all');
  const [query, setQuery] = useState(person ?? '');
  const [doing, setDoing] = useState<Doing>();
  const words = query.trim().toLowerCase();
  const all = value?.sessions ?? [];
  const shown = all.filter((s) => (scope === 'all' || s.kind === scope) && holds(s, words));
  const close = (): void => setDoing(undefined);
  const endOne = async (): Promise<void> => {
    if (doing === undefined) return;
    await ask(emptyReply, `/v1/sessions/${doing.session.session_id}`, { method: 'DELETE' });
    if (doing.session.current) {
      tellSignedOut();
      return;
    }
    tell('Sign-in ended', doing.session.principal.sub);
    reload();
  };
  const endAll = async (): Promise<void> => {
    if (doing === undefined) return;
    const { iss, sub } = doing.session.principal;
    const { ended } = await ask(endSessionsReply, '/v1/sessions/end', { method: 'POST', body: { iss, sub } });
    tell(`${plural(ended, 'sign-in')} ended`, sub);
    reload();
  };
  const who = doing === undefined ? '' : personText(doing.session.principal);
  return (
    <section className={frame.screen} aria-label="Sign-ins">
      <ScreenHead title="Sign-ins" sub={value === undefined ? 'Loading' : all.length < LISTED ? `${plural(all.length, 'sign-in')} of people, apps and services at this moment` : `The newest ${plural(all.length, 'sign-in')}`}>
        <TextInput
          w={200}
          leftSection={<IconSearch size={15} aria-hidden />}
          placeholder="Person, address, device"
          aria-label="Narrow the list"
          value={query}
          onChange={(e) => {
            setQuery(e.currentTarget.value);
            if (person !== undefined) goTo({ page: 'sign-ins' }, 'replace');
          }}
        />
        <SegmentedControl size="sm" aria-label="Which sign-ins" value={scope} onChange={(v) => setScope(v === 'browser' || v === 'bearer' || v === 'service' ? v : 'all')} data={scopes} />
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={reload}>
          Refresh
        </Button>
      </ScreenHead>
      {loaded.state === 'loading' && <LoadingRows />}
      {loaded.state === 'failed' && <Failed what="The sign-ins could not be read" error={loaded.error} onRetry={reload} />}
      {value !== undefined && shown.length === 0 && (
        <EmptyState icon={<IconLogin2 size={26} />} title="No such sign-in">
          Nobody who fits is signed in at this moment.
        </EmptyState>
      )}
      {shown.length > 0 && (
        <div className={classes.frame}>
          <VirtualTable label="Sign-ins" columns={columnsFor(setDoing)} rows={shown} keyOf={(s) => s.session_id} />
        </div>
      )}
      <ConfirmDialog
        opened={doing?.what === 'one'}
        onClose={close}
        destructive
        title="End this sign-in"
        text={
          <>
            <b>{who}</b> is signed out there at once{doing?.session.current === true ? ': that is you, here' : ''}. Nothing that was recorded is lost. A proxy that runs with it leases no credential and uploads through its device’s key only.
          </>
        }
        action="End it"
        onConfirm={endOne}
      />
      <ConfirmDialog
        opened={doing?.what === 'all'}
        onClose={close}
        destructive
        title="End all of their sign-ins"
        text={
          <>
            <b>{who}</b> is signed out everywhere at once: browsers, app, commands{doing?.session.current === true ? ', but not here' : ''}. Who leaves the organisation also has devices: revoke those too.
          </>
        }
        action="End them all"
        onConfirm={endAll}
      />
    </section>
  );
}
