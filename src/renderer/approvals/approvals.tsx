/** Approvals inbox: pending first; the detail beside the list. */
import { IconInbox } from '@tabler/icons-react';
import { useCallback } from 'react';
import type { ApprovalState, ApprovalSummary } from '../../contract/ipc/approvals.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatAgo, formatClock, plural } from '../../ui/format.ts';
import type { Tone } from '../../ui/pill.tsx';
import { isProduction, Pill } from '../../ui/pill.tsx';
import { SqlLine } from '../../ui/sql-text.tsx';
import { api } from '../api.ts';
import { useLive, useNow } from '../live.ts';
import { goTo } from '../navigation.ts';
import { Failed, LoadingRows, ScreenHead } from '../screen.tsx';
import frame from '../../ui/screen.module.css';
import { ApprovalDetail } from './approval-detail.tsx';
import classes from './approvals.module.css';
import { isCommand } from './is-command.ts';

const tones: Readonly<Record<ApprovalState, Tone>> = { pending: 'hold', approved: 'allow', denied: 'deny', expired: 'outline', cancelled: 'outline' };

function Item({ item, current, now }: { item: ApprovalSummary; current: boolean; now: number }) {
  return (
    <button type="button" className={classes.item} aria-current={current ? 'true' : undefined} onClick={() => goTo('approvals', item.id)}>
      <span className={classes.row}>
        <b>{item.mine ? 'You' : item.requester.name}</b>
        <Pill size="xs" tone={isProduction(item.labels) ? 'deny' : 'neutral'}>
          {item.connection}
        </Pill>
        <span className={classes.grow} />
        {item.state === 'pending' ? <span style={{ fontVariantNumeric: 'tabular-nums' }}>{formatClock(item.expiresMs - now)}</span> : <Pill size="xs" tone={tones[item.state]}>{item.state}</Pill>}
      </span>
      <SqlLine sql={item.sql} max={110} plain={isCommand(item)} />
      <span className={classes.row}>
        <span style={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}>{item.reason}</span>
        <span className={classes.grow} />
        <span style={{ whiteSpace: 'nowrap' }}>{formatAgo(item.createdMs, now)}</span>
      </span>
    </button>
  );
}

function Group({ title, items, current, now }: { title: string; items: readonly ApprovalSummary[]; current: string | undefined; now: number }) {
  if (items.length === 0) return null;
  return (
    <>
      <h2 className={classes.group}>{title}</h2>
      {items.map((item) => (
        <Item key={item.id} item={item} current={item.id === current} now={now} />
      ))}
    </>
  );
}

export function Approvals({ item }: { item: string | undefined }) {
  const load = useCallback(() => api.approvals.list(), []);
  const { loaded, value, reload } = useLive(load, api.approvals.onChanged);
  const now = useNow(1_000);
  const all = value ?? [];
  const pending = all.filter((a) => a.state === 'pending');
  const current = all.find((a) => a.id === item) ?? pending.find((a) => !a.mine) ?? all[0];
  return (
    <section className={frame.screen} aria-label="Approvals">
      <ScreenHead title="Approvals" sub={pending.length === 0 ? 'Nothing waits for a decision' : `${plural(pending.length, 'request')} waiting`} />
      {loaded.state === 'loading' && <LoadingRows />}
      {loaded.state === 'failed' && <Failed what="The inbox could not be loaded" error={loaded.error} onRetry={reload} />}
      {loaded.state === 'ready' && current === undefined && (
        <EmptyState icon={<IconInbox size={26} />} title="The inbox is empty" tone="allow">
          When a statement or command of a colleague needs a second pair of eyes, it shows up here with everything you need to decide.
        </EmptyState>
      )}
      {current !== undefined && (
        <div className={frame.split}>
          <nav className={frame.list} aria-label="Approval requests" tabIndex={0}>
            <Group title="For you" items={pending.filter((a) => !a.mine)} current={current.id} now={now} />
            <Group title="Asked by you" items={pending.filter((a) => a.mine)} current={current.id} now={now} />
            <Group title="Done" items={all.filter((a) => a.state !== 'pending')} current={current.id} now={now} />
          </nav>
          <div className={frame.detail} tabIndex={0} role="region" aria-label="Request">
            <ApprovalDetail key={current.id} id={current.id} revision={`${current.state}${current.approvals}`} />
          </div>
        </div>
      )}
    </section>
  );
}
