/** Exactly what will run, where, by whom and why it waits. Nothing on this page is shortened that the decision is about. */
import { Table, Text } from '@mantine/core';
import { IconCheck, IconClock, IconHandStop, IconShieldX } from '@tabler/icons-react';
import { useCallback, useEffect, useRef } from 'react';
import type { ApprovalDetail as Detail, ApprovalState } from '../../contract/ipc/approvals.ts';
import { asSentence, formatClock, formatTime } from '../../ui/format.ts';
import { Labels, Pill } from '../../ui/pill.tsx';
import { SqlBlock } from '../../ui/sql-text.tsx';
import { api } from '../api.ts';
import { useLive, useNow } from '../live.ts';
import { Digest, Facts, Failed, LoadingRows } from '../screen.tsx';
import frame from '../../ui/screen.module.css';
import classes from './approvals.module.css';
import { DecideForm } from './decide-form.tsx';
import { isCommand } from './is-command.ts';

const heroes: Readonly<Record<ApprovalState, { tone: 'hold' | 'allow' | 'deny' | 'neutral'; title: string; icon: typeof IconCheck }>> = {
  pending: { tone: 'hold', title: 'Waiting for a decision', icon: IconHandStop },
  approved: { tone: 'allow', title: 'Approved', icon: IconCheck },
  denied: { tone: 'deny', title: 'Denied', icon: IconShieldX },
  expired: { tone: 'neutral', title: 'Expired without a decision', icon: IconClock },
  cancelled: { tone: 'neutral', title: 'Withdrawn by the requester', icon: IconClock },
};

function Hero({ detail }: { detail: Detail }) {
  const now = useNow(1_000);
  const { tone, title, icon: Icon } = heroes[detail.state];
  return (
    <div className={classes.hero} data-tone={tone}>
      <Icon size={26} stroke={1.8} aria-hidden />
      <div style={{ flex: 1 }}>
        <p className={classes.heroTitle}>{title}</p>
        <p className={classes.heroText}>{asSentence(detail.reason)}</p>
      </div>
      {detail.state === 'pending' && (
        <div className={classes.clock} aria-label={`Expires at ${formatTime(detail.expiresMs)}`}>
          {formatClock(detail.expiresMs - now)}
          <small>
            {detail.approvals} of {detail.quorum} approved
          </small>
        </div>
      )}
    </div>
  );
}

function Parameters({ detail }: { detail: Detail }) {
  if (detail.parameters.length === 0) return null;
  return (
    <div className={frame.section}>
      <h2 className={frame.sectionTitle}>Parameters, exactly as they will be sent</h2>
      <Table withTableBorder verticalSpacing={6} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={60}>#</Table.Th>
            <Table.Th w={160}>Type</Table.Th>
            <Table.Th>Value</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {detail.parameters.map((p) => (
            <Table.Tr key={p.position}>
              <Table.Td>${p.position}</Table.Td>
              <Table.Td c="dimmed">{p.type}</Table.Td>
              <Table.Td className={frame.mono}>{p.value ?? <i>NULL</i>}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

const clientWords = { app: 'Sallyport', native: 'own client', agent: 'agent' } as const;

function Sheet({ detail }: { detail: Detail }) {
  const command = isCommand(detail);
  const what = command ? 'What will be done' : 'Statement that will run';
  return (
    <div className={classes.sheet}>
      <div className={frame.section}>
        <h2 className={frame.sectionTitle}>{what}, once</h2>
        <SqlBlock sql={detail.sql} label={what} plain={command} />
      </div>
      <Parameters detail={detail} />
      <div className={classes.columns}>
        <div className={frame.section}>
          <h2 className={frame.sectionTitle}>Where</h2>
          <Facts
            rows={[
              ['Connection', <b key="c">{detail.connection}</b>],
              ['Labels', <span key="l" style={{ display: 'inline-flex', gap: 5, flexWrap: 'wrap' }}><Labels labels={detail.labels} size="xs" /></span>],
              ...(command ? [] : [['Database', detail.database] as const]),
              ['Address', <span key="a" className={frame.mono}>{detail.address}</span>],
            ]}
          />
        </div>
        <div className={frame.section}>
          <h2 className={frame.sectionTitle}>Who</h2>
          <Facts
            rows={[
              ['Requester', <b key="r">{detail.requester.name}</b>],
              ['Subject', detail.requester.subject],
              ['Groups', detail.requester.groups.join(', ') || 'none'],
              ['Client', `${clientWords[detail.client.kind]} · ${detail.client.program}`],
              ['Device', <Digest key="d" value={detail.deviceId} label="Device id" />],
              ['Asked', formatTime(detail.createdMs)],
            ]}
          />
        </div>
        <div className={frame.section}>
          <h2 className={frame.sectionTitle}>Why it waits</h2>
          <Facts
            rows={[
              ['Policies', <span key="p" className={frame.mono}>{detail.policyIds.join(', ')}</span>],
              ['Approvers', `${detail.quorum} of ${detail.approvers.join(', ')}`],
              ['Bundle', `${detail.bundle.name} #${detail.bundle.serial}`],
            ]}
          />
        </div>
        <div className={frame.section}>
          <h2 className={frame.sectionTitle}>What the signature covers</h2>
          <Facts
            rows={[
              ['Request', <Digest key="r" value={detail.digests.request} label="Request digest" />],
              [command ? 'What is done' : 'Statement', <Digest key="s" value={detail.digests.statement} label={command ? 'Digest of what is done' : 'Statement digest'} />],
              ['Bundle', <Digest key="b" value={detail.digests.bundle} label="Bundle digest" />],
              ['Session', <Digest key="i" value={detail.sessionId} label="Session id" />],
            ]}
          />
        </div>
      </div>
      {detail.decisions.length > 0 && (
        <div className={frame.section} style={{ borderTop: '1px solid var(--sp-line)' }}>
          <h2 className={frame.sectionTitle}>Decisions</h2>
          {detail.decisions.map((d) => (
            <Text key={`${d.keyId}${d.tMs}`} size="sm" mb={6}>
              <Pill tone={d.decision === 'approve' ? 'allow' : 'deny'} size="xs">
                {d.decision === 'approve' ? 'approved' : 'denied'}
              </Pill>{' '}
              <b>{d.approver.name}</b> · {formatTime(d.tMs)} · “{d.reason}”
            </Text>
          ))}
        </div>
      )}
    </div>
  );
}

/** `revision` changes when the list says that something changed. */
export function ApprovalDetail({ id, revision }: { id: string; revision: string }) {
  const load = useCallback(() => api.approvals.get({ id }), [id]);
  const { loaded, reload, replace } = useLive(load);
  const seen = useRef(revision);
  useEffect(() => {
    if (seen.current !== revision) reload();
    seen.current = revision;
  }, [revision, reload]);
  if (loaded.state === 'loading') return <LoadingRows />;
  if (loaded.state === 'failed') return <Failed what="This request could not be loaded" error={loaded.error} onRetry={reload} />;
  const detail = loaded.value;
  return (
    <>
      <Hero detail={detail} />
      <Sheet detail={detail} />
      {detail.state === 'pending' && <DecideForm key={detail.id} detail={detail} onDecided={replace} />}
    </>
  );
}
