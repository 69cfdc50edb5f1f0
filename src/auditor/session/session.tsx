/** One session: who, where, when; replay in the middle; whether it proves itself on the right. */
import { Button, Progress, Tabs } from '@mantine/core';
import { IconAlertTriangle, IconArrowLeft, IconDownload } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import type { Me } from '../../contract/store/identity.ts';
import { sessionSummary, type SessionSummary } from '../../contract/store/search.ts';
import { clientText, formatBytes, formatCount, formatDuration, formatTime, plural } from '../../ui/format.ts';
import type { Redactions } from '../../ui/missing-text.ts';
import { Labels, Pill, VerdictPill } from '../../ui/pill.tsx';
import { ReplayPlayer } from '../../ui/replay-player.tsx';
import { Facts, LoadingRows } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { TerminalPlayer } from '../../ui/terminal/terminal-player.tsx';
import { stepOfRecord, type Step } from '../../ui/timeline.ts';
import { ask } from '../api/http.ts';
import { type Loaded, useLoad } from '../api/use-load.ts';
import { ExportDialog } from '../export/export-dialog.tsx';
import { goBack, goTo } from '../place.ts';
import { PolicyPanel } from '../policy/policy-panel.tsx';
import { type RecordingState, useRecording } from '../recording/use-recording.ts';
import { Digest, Failed, personText } from '../ui.tsx';
import { useVerification, type Verifier } from '../verify/use-verification.ts';
import { VerificationPanel } from '../verify/verification-panel.tsx';
import { Keeping } from './keeping.tsx';
import type { Chosen } from './redact.tsx';
import classes from './session.module.css';
import { Watchers } from './watchers.tsx';

const states = {
  open: { word: 'Still open', tone: 'accent' },
  closed: { word: 'Closed', tone: 'neutral' },
  recovered: { word: 'Recovered after a crash', tone: 'hold' },
} as const;

function Head({ summary: s, verifier, onExport }: { summary: SessionSummary; verifier: Verifier; onExport: () => void }) {
  const v = verifier.verification;
  const state = states[s.state];
  const began = formatTime(s.opened_ms);
  return (
    <header className={classes.head}>
      <Button variant="subtle" color="gray" size="compact-sm" className={classes.back} leftSection={<IconArrowLeft size={15} aria-hidden />} onClick={goBack}>
        Back
      </Button>
      <div className={classes.names}>
        <h1 className={classes.title}>
          {s.person.name} <span>on</span> {s.connection}
        </h1>
        <Labels labels={s.labels} size="xs" />
        <Pill size="xs" tone={state.tone}>
          {state.word}
        </Pill>
      </div>
      <p className={classes.sub}>
        {began}
        {s.closed_ms !== undefined && ` – ${formatTime(s.closed_ms).slice(11)} · ${formatDuration(Math.max(0, s.closed_ms - s.opened_ms))}`} · {plural(s.counts.statements, s.protocol === 'ssh' ? 'request' : 'statement')} · {s.client.program === '' ? s.client.kind : clientText(s.client.program)} from {s.client.address}
      </p>
      <div className={classes.right}>
        {v.phase === 'done' && v.trust.from === 'store' && v.report.verdict !== 'FAIL' ? (
          <Pill tone="hold" title="Checked by keys that this store gave">
            Verified by the store’s keys
          </Pill>
        ) : (
          <VerdictPill verdict={v.phase === 'done' ? v.report.verdict : null} />
        )}
        <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} onClick={onExport}>
          Export…
        </Button>
      </div>
    </header>
  );
}

function Counts({ summary: { counts, protocol } }: { summary: SessionSummary }) {
  const ssh = protocol === 'ssh';
  const rows = [
    [ssh ? 'Requests' : 'Statements', counts.statements],
    ['Allowed', counts.allow],
    ['Approved', counts.approved],
    ['Held', counts.held],
    ['Denied', counts.denied],
    ['Failed', counts.failed],
    ...(ssh ? [] : [['Rows', counts.rows] as const]),
    ['Gaps', counts.gaps],
  ] as const;
  return (
    <dl className={classes.counts}>
      {rows.map(([name, count]) => (
        <div key={name} data-zero={count === 0 ? '' : undefined}>
          <dt>{name}</dt>
          <dd>{formatCount(count)}</dd>
        </div>
      ))}
    </dl>
  );
}

function About({ summary: s }: { summary: SessionSummary }) {
  return (
    <>
      <div className={frame.section}>
        <h2 className={frame.sectionTitle}>What happened</h2>
        <Counts summary={s} />
        {s.masked.length > 0 && (
          <div className={classes.masked}>
            {s.masked.map((m) => (
              <Pill key={m.data_class} size="xs" tone="mask">
                {m.data_class} · {formatCount(m.cells)}
              </Pill>
            ))}
          </div>
        )}
      </div>
      <div className={frame.section}>
        <h2 className={frame.sectionTitle}>About this session</h2>
        <Facts
          rows={[
            ['Person', personText(s.person)],
            ['Groups', s.groups.join(', ') || 'none'],
            ['Signed in by', s.person.iss],
            ['Target', `${s.connection}${s.database === '' ? '' : `, database ${s.database}`}`],
            ['Protocol', s.protocol],
            ['Client', `${s.client.kind}${s.client.program === '' ? '' : `, ${clientText(s.client.program)}`}`],
            ['Address', s.client.address],
            ['Policy', `${s.policy.name} #${s.policy.serial}`],
            ['Bundle', <Digest key="b" value={s.policy.bundle_sha256} label="Bundle digest" />],
            ['Device', <Digest key="d" value={s.device_id} label="Device id" />],
            ['Its session', `number ${formatCount(s.device_seq)} of the device`],
            ['Level', s.recording_level],
            ['Session', <Digest key="s" value={s.session_id} label="Session id" />],
            ['Records', formatCount(s.size)],
            ['Size', formatBytes(s.bytes)],
            ['Tree root', <Digest key="r" value={s.root} label="Tree root" />],
          ]}
        />
      </div>
    </>
  );
}

function Stage({ state, n, id, redactions, onReload }: { state: RecordingState; n: number | undefined; id: string; redactions: Redactions; onReload: () => void }) {
  const onPlace = useCallback((record: number) => goTo({ page: 'session', id, n: record }, 'replace'), [id]);
  const onStep = useCallback((step: Step) => onPlace(step.first), [onPlace]);
  switch (state.state) {
    case 'loading':
      return (
        <div className={classes.loading} role="status">
          <Progress size="sm" w={220} value={state.totalBytes === 0 ? 0 : (100 * state.loadedBytes) / state.totalBytes} aria-label="Loading the recording" />
          <span>{state.totalBytes === 0 ? 'Loading the recording' : `${formatBytes(state.loadedBytes)} of ${formatBytes(state.totalBytes)}`}</span>
        </div>
      );
    case 'failed':
      return <Failed what="This recording could not be loaded" error={state.error} onRetry={onReload} />;
    case 'ready':
      return (
        <>
          {state.recording.unreadable !== undefined && (
            <div className={classes.unreadable} role="alert">
              <IconAlertTriangle size={16} aria-hidden /> Only the part before the damage can be shown: {state.recording.unreadable}.
            </div>
          )}
          {state.recording.open?.target.protocol === 'ssh' ? (
            <TerminalPlayer steps={state.recording.steps} access={state.client} info={state.recording.tape} isReading={false} at={n} onPlace={onPlace} redactions={redactions} />
          ) : (
            <ReplayPlayer steps={state.recording.steps} whole={state.client.whole} find={state.client.find} at={n} onStep={onStep} redactions={redactions} />
          )}
        </>
      );
  }
}

interface SideProps {
  readonly id: string;
  readonly n: number | undefined;
  readonly loaded: Loaded<SessionSummary>;
  readonly ready: Extract<RecordingState, { state: 'ready' }> | undefined;
  readonly verifier: Verifier;
  readonly me: Me;
}

function Side({ id, n, loaded, ready, verifier, me }: SideProps) {
  const [chosen, setChosen] = useState<readonly Chosen[]>([]);
  const steps = ready?.recording.steps ?? [];
  const onScreen = n === undefined ? undefined : steps[stepOfRecord(steps, n)];
  const [tab, setTab] = useState<string | null>('verification');
  return (
    <Tabs value={tab} onChange={setTab} keepMounted={false} className={classes.side}>
      <Tabs.List className={classes.tabs}>
        <Tabs.Tab className={classes.tab} value="verification">Verification</Tabs.Tab>
        <Tabs.Tab className={classes.tab} value="about">About</Tabs.Tab>
        <Tabs.Tab className={classes.tab} value="policy">Policy</Tabs.Tab>
        {(me.roles.auditor || me.roles.privacy_officer || me.roles.security) && <Tabs.Tab className={classes.tab} value="keeping">Keeping</Tabs.Tab>}
        {me.roles.auditor && <Tabs.Tab className={classes.tab} value="watchers">Viewed by</Tabs.Tab>}
      </Tabs.List>
      <Tabs.Panel value="verification" className={classes.panel}>
        <VerificationPanel session={id} verifier={verifier} />
      </Tabs.Panel>
      <Tabs.Panel value="about" className={classes.panel}>
        {loaded.state === 'ready' ? <About summary={loaded.value} /> : <LoadingRows />}
      </Tabs.Panel>
      <Tabs.Panel value="policy" className={classes.panel}>
        {loaded.state === 'ready' ? <PolicyPanel summary={loaded.value} step={onScreen} /> : <LoadingRows />}
      </Tabs.Panel>
      <Tabs.Panel value="keeping" className={classes.panel}>
        <Keeping session={id} loaded={ready === undefined ? undefined : { client: ready.client, numbers: onScreen?.numbers ?? [] }} isOpen={loaded.state === 'ready' && loaded.value.state === 'open'} me={me} chosen={chosen} onChoose={setChosen} />
      </Tabs.Panel>
      <Tabs.Panel value="watchers" className={classes.panel}>
        <Watchers session={id} />
      </Tabs.Panel>
    </Tabs>
  );
}

export function Session({ id, n, me }: { id: string; n: number | undefined; me: Me }) {
  const load = useCallback((signal: AbortSignal) => ask(sessionSummary, `/v1/recordings/${encodeURIComponent(id)}/summary`, { signal }), [id]);
  const { loaded, reload } = useLoad(load);
  const recording = useRecording(id);
  const ready = recording.state.state === 'ready' ? recording.state : undefined;
  const summary = loaded.state === 'ready' ? loaded.value : undefined;
  const verifier = useVerification(ready?.client, summary?.state === 'open');
  const [exporting, setExporting] = useState(false);
  if (loaded.state === 'failed') return <Failed what="This session could not be opened" error={loaded.error} onRetry={reload} />;
  return (
    <section className={frame.screen} aria-label="Session">
      {summary === undefined ? <div className={classes.headSpace} aria-busy aria-label="Loading" /> : <Head summary={summary} verifier={verifier} onExport={() => setExporting(true)} />}
      <div className={classes.grid}>
        <div className={classes.player}>
          <Stage state={recording.state} n={n} id={id} redactions={verifier.verification.phase === 'done' ? verifier.verification.report.redactions : undefined} onReload={recording.reload} />
        </div>
        <Side id={id} n={n} loaded={loaded} ready={ready} verifier={verifier} me={me} />
      </div>
      {summary !== undefined && <ExportDialog opened={exporting} onClose={() => setExporting(false)} summary={summary} verification={verifier.verification} pinned={verifier.pinned} me={me} />}
    </section>
  );
}
