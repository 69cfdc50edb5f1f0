/** The steps of a session as a list that stays quick with a hundred thousand of them. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { eventText } from './event-text.ts';
import { formatTime } from './format.ts';
import classes from './replay-player.module.css';
import { RequestLine } from './request-step.tsx';
import { SqlLine } from './sql-text.tsx';
import type { RequestStep, StatementStep, Step } from './timeline.ts';

const ROW_PX = 46;
const outcomeWords = { allow: 'allowed', hold: 'held', deny: 'denied', error: 'failed' } as const;
const wordOf = (step: StatementStep | RequestStep): string => (step.outcome === 'hold' && step.approvals.some((a) => a.phase === 'approved') ? 'held, then approved' : outcomeWords[step.outcome]);

function StepRow({ step, current, found, at, count, topPx, onPick }: { step: Step; current: boolean; found: boolean; at: number; count: number; topPx: number; onPick: () => void }) {
  return (
    <div
      id={`step-${step.first}`}
      role="option"
      aria-selected={current}
      aria-setsize={count}
      aria-posinset={at + 1}
      className={classes.step}
      data-current={current ? '' : undefined}
      data-found={found ? '' : undefined}
      style={{ transform: `translateY(${topPx}px)`, height: ROW_PX }}
      onClick={onPick}
    >
      <span className={classes.dot} data-outcome={step.kind === 'event' ? 'event' : step.outcome} aria-hidden />
      {step.kind === 'statement' && <SqlLine sql={step.sql === '' ? '(no text)' : step.sql} max={90} />}
      {step.kind === 'request' && <RequestLine step={step} />}
      {step.kind === 'event' && <span className={classes.event}>{eventText(step.record)}</span>}
      <span className={classes.meta}>
        {formatTime(step.tMs).slice(11)}
        {step.kind !== 'event' && ` · ${wordOf(step)}`}
        {step.kind === 'request' && step.outcomes.map((o) => ` · ${o.text}`)}
      </span>
    </div>
  );
}

export function ReplayList(props: { steps: readonly Step[]; index: number; found: ReadonlySet<number>; onPick: (index: number) => void }) {
  const { steps, index } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: steps.length, getScrollElement: () => scroll.current, estimateSize: () => ROW_PX, overscan: 8 });
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index, { align: 'auto' });
  }, [index, virtual]);
  return (
    <div ref={scroll} className={classes.steps} role="listbox" aria-label="Steps of the session" tabIndex={0} aria-activedescendant={steps[index] === undefined ? undefined : `step-${steps[index].first}`}>
      <div role="presentation" style={{ position: 'relative', height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((row) => {
          const step = steps[row.index];
          return step === undefined ? null : (
            <StepRow key={step.first} step={step} current={row.index === index} found={props.found.has(step.first)} at={row.index} count={steps.length} topPx={row.start} onPick={() => props.onPick(row.index)} />
          );
        })}
      </div>
    </div>
  );
}
