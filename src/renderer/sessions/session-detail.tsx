/** One session: replay on the left, what is known about it and whether it verifies on the right. */
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconArrowLeft, IconDownload, IconShieldCheck } from '@tabler/icons-react';
import { useCallback, useMemo, useState } from 'react';
import type { SessionDetail as Detail, VerifyReport } from '../../contract/ipc/sessions.ts';
import { clientText, formatBytes, formatDuration, formatTime } from '../../ui/format.ts';
import { Labels, Pill, VerdictPill } from '../../ui/pill.tsx';
import { ReplayPlayer } from '../../ui/replay-player.tsx';
import { TerminalPlayer } from '../../ui/terminal/terminal-player.tsx';
import { foldSteps, type Step } from '../../ui/timeline.ts';
import { verifySummary, VerifySteps } from '../../ui/verify-report.tsx';
import { api, ask } from '../api.ts';
import { useLive } from '../live.ts';
import { goTo } from '../navigation.ts';
import { attempt, tell } from '../notify.ts';
import { Digest, Facts, Failed, LoadingRows, ScreenHead } from '../screen.tsx';
import frame from '../../ui/screen.module.css';
import classes from './sessions.module.css';
import { useTape } from './use-tape.ts';

function About({ detail }: { detail: Detail }) {
  const s = detail.summary;
  return (
    <div className={frame.section}>
      <h2 className={frame.sectionTitle}>About this session</h2>
      <Facts
        rows={[
          ['Person', detail.user.name],
          ['Client', clientText(detail.program)],
          ['Target', s.database === '' ? detail.address : `${s.database} at ${detail.address}`],
          ['Began', formatTime(s.startedMs)],
          ['Lasted', s.endedMs === null ? 'still open' : formatDuration(s.endedMs - s.startedMs)],
          ['Level', detail.recordingLevel],
          ['Size', formatBytes(s.sizeBytes)],
          ['Policy', `${detail.policy.name} #${detail.policy.serial}`],
          ['Bundle', <Digest key="b" value={detail.policy.digest} label="Bundle digest" />],
          ['Session', <Digest key="s" value={s.id} label="Session id" />],
          ['Device', <Digest key="d" value={detail.deviceId} label="Device id" />],
        ]}
      />
    </div>
  );
}

function Verification({ report, busy, onVerify }: { report: VerifyReport | undefined; busy: boolean; onVerify: () => void }) {
  return (
    <div className={frame.section}>
      <h2 className={frame.sectionTitle}>Verification</h2>
      {report === undefined ? (
        <>
          <p className={classes.summary}>Checks every signature, hash and record of this recording with public keys only, as an outsider would.</p>
          <Button size="xs" loading={busy} leftSection={<IconShieldCheck size={15} />} onClick={onVerify}>
            Verify now
          </Button>
        </>
      ) : (
        <div role="status">
          <div style={{ display: 'flex', alignItems: 'center', gap: 8, marginBottom: 8 }}>
            <VerdictPill verdict={report.verdict} />
            <Button size="compact-xs" variant="subtle" loading={busy} onClick={onVerify}>
              Again
            </Button>
          </div>
          <p className={classes.summary}>{verifySummary(report)}</p>
          <VerifySteps report={report} />
        </div>
      )}
    </div>
  );
}

function Terminals({ id, steps, report, onRetry }: { id: string; steps: readonly Step[]; report: VerifyReport | undefined; onRetry: () => void }) {
  const { tape, info, isReading, error } = useTape(id);
  if (error !== undefined) return <Failed what="What the terminals showed could not be read" error={error} onRetry={onRetry} />;
  // The player's place on its time line is made of all that was shown: it begins when the first page is there.
  return isReading && info.channels.length === 0 ? <LoadingRows /> : <TerminalPlayer steps={steps} access={tape} info={info} isReading={isReading} redactions={report?.redactions} />;
}

export function SessionDetail({ id }: { id: string }) {
  const load = useCallback(() => api.sessions.get({ id }), [id]);
  const { loaded, reload } = useLive(load);
  const [report, setReport] = useState<VerifyReport>();
  const [busy, setBusy] = useState(false);
  const [round, setRound] = useState(0);
  const verify = () => {
    setBusy(true);
    attempt('The verifier could not run', async () => {
      try {
        setReport(await ask(api.sessions.verify({ id })));
      } finally {
        setBusy(false);
      }
    });
  };
  const save = () =>
    attempt('Export failed', async () => {
      const saved = await ask(api.sessions.export({ id }));
      if (saved.saved) tell('Exported', `${saved.basename}, ${formatBytes(saved.sizeBytes)}. Verify it anywhere with “sallyport recordings verify”.`);
    });
  const detail = loaded.state === 'ready' ? loaded.value : undefined;
  const steps = useMemo(() => foldSteps(detail?.records ?? []), [detail]);
  return (
    <section className={frame.screen} aria-label="Session">
      <ScreenHead title={detail?.summary.connection ?? 'Session'} sub={detail === undefined ? undefined : `${formatTime(detail.summary.startedMs)} · ${clientText(detail.program)}`}>
        {detail !== undefined && <Labels labels={detail.summary.labels} />}
        {detail?.summary.state === 'live' && <Pill tone="accent">live</Pill>}
        <Button variant="default" leftSection={<IconDownload size={16} />} onClick={save} disabled={detail === undefined}>
          Export .srz
        </Button>
        <Tooltip label="Back to all sessions">
          <ActionIcon variant="default" size={36} aria-label="Back to all sessions" onClick={() => goTo('sessions')}>
            <IconArrowLeft size={17} />
          </ActionIcon>
        </Tooltip>
      </ScreenHead>
      {loaded.state === 'loading' && <LoadingRows />}
      {loaded.state === 'failed' && <Failed what="This recording could not be read" error={loaded.error} onRetry={reload} />}
      {detail !== undefined && (
        <div className={classes.detail}>
          <div className={classes.player}>
            {detail.protocol === 'ssh' ? <Terminals key={`${id} ${round}`} id={id} steps={steps} report={report} onRetry={() => setRound((n) => n + 1)} /> : <ReplayPlayer steps={steps} redactions={report?.redactions} />}
          </div>
          <div className={classes.side} role="region" aria-label="About the session" tabIndex={0}>
            <Verification report={report} busy={busy} onVerify={verify} />
            <About detail={detail} />
          </div>
        </div>
      )}
    </section>
  );
}
