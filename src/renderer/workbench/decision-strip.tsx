/** What would happen, said before it happens: one line for each statement of the text, with why and what would be allowed. */
import { Button, Loader } from '@mantine/core';
import { IconAlertTriangle, IconChevronRight, IconEyeOff, IconHandStop, IconPencil, IconShieldCheck } from '@tabler/icons-react';
import type { Ref } from 'react';
import type { DryRunStatement, Explanation, Offer } from '../../contract/ipc/workbench.ts';
import type { DryRunState } from '../../ui/dry-run.ts';
import { shownExplanation, statementAtCaret } from '../../ui/dry-run.ts';
import { asSentence } from '../../ui/format.ts';
import { maskSentence } from '../../ui/masked-cell.tsx';
import { EffectPill, Pill } from '../../ui/pill.tsx';
import { PlainSentence, sentenceWords } from '../../ui/plain-sentence.tsx';
import classes from './workbench.module.css';

export interface StripActions {
  /** Selects a part of the text. */
  readonly onShow: (from: number, to: number) => void;
  readonly onOffer: (offer: Offer, statement: DryRunStatement) => void;
  readonly onLeave: () => void;
  /** A run is going on: another cannot be asked for. */
  readonly busy: boolean;
}

/** More offers than these are at the place itself. */
const OFFERS_SHOWN = 3;

export function OfferButtons({ offers, disabled, onOffer }: { offers: readonly Offer[]; disabled: boolean; onOffer: (offer: Offer) => void }) {
  return offers.map((offer) => (
    <Button
      key={offer.label}
      size="compact-xs"
      variant="default"
      disabled={disabled}
      data-offer
      leftSection={offer.kind === 'ask' ? <IconHandStop size={13} aria-hidden /> : <IconPencil size={13} aria-hidden />}
      aria-label={offer.kind === 'ask' ? `${offer.label}: run it and wait for the approval` : `Apply: ${offer.label}`}
      onClick={() => onOffer(offer)}
    >
      {offer.label}
    </Button>
  ));
}

function Reason({ statement, shown, stale, onShow }: { statement: DryRunStatement; shown: Explanation | undefined; stale: boolean; onShow: StripActions['onShow'] }) {
  const policies = statement.policyIds.length === 0 ? undefined : `Policy: ${statement.policyIds.join(', ')}`;
  const help = [policies, 'F8: next place', ...(shown !== undefined && shown.offers.length > 0 ? ['Ctrl+.: what would be allowed'] : [])].filter((x) => x !== undefined).join('\n');
  if (shown === undefined) {
    return (
      <span className={classes.why} title={policies}>
        {asSentence(statement.reason)}
      </span>
    );
  }
  return (
    <button type="button" className={classes.sentence} title={help} disabled={stale} aria-label={`${sentenceWords(shown.sentence)} Show the place in the text.`} onClick={() => onShow(shown.from, shown.to)}>
      <PlainSentence text={shown.sentence} />
    </button>
  );
}

function MaskPills({ masked }: Pick<DryRunStatement, 'masked'>) {
  const more = masked.slice(4).map((m) => m.column);
  return (
    <>
      {masked.slice(0, 4).map((m, i) => (
        <Pill key={i} tone="mask" size="xs" icon={<IconEyeOff size={11} aria-hidden />} title={maskSentence(m.mask)}>
          {m.column}
        </Pill>
      ))}
      {more.length > 0 && (
        <Pill tone="mask" size="xs" title={more.join(', ')}>
          +{more.length}
        </Pill>
      )}
    </>
  );
}

/** Goes to the next place of the statement that stops it. */
function NextPlace({ places, shown, stale, onShow }: { places: readonly Explanation[]; shown: Explanation | undefined; stale: boolean; onShow: StripActions['onShow'] }) {
  const at = shown === undefined ? -1 : places.indexOf(shown);
  const next = places[(at + 1) % places.length];
  if (places.length < 2 || next === undefined) return null;
  return (
    <Button size="compact-xs" variant="subtle" disabled={stale} aria-label="Next place in the text" rightSection={<IconChevronRight size={13} aria-hidden />} onClick={() => onShow(next.from, next.to)}>
      {at + 1} of {places.length}
    </Button>
  );
}

function Line({ statement, current, caret, stale, busy, onShow, onOffer }: Omit<StripActions, 'onLeave'> & { statement: DryRunStatement; current: boolean; caret: number; stale: boolean }) {
  const shown = shownExplanation(statement, caret);
  const offers = shown === undefined ? [] : shown.severity === 'masked' ? shown.offers.slice(0, 1) : shown.offers.slice(0, OFFERS_SHOWN);
  return (
    <div className={classes.decision} data-stale={stale ? '' : undefined} data-current={current ? '' : undefined}>
      <EffectPill effect={statement.effect} />
      {shown?.sentence.startsWith(`\`${statement.statement}`) !== true && <span className={classes.verb}>{statement.statement}</span>}
      <Reason statement={statement} shown={shown} stale={stale} onShow={onShow} />
      <span className={classes.actions}>
        <MaskPills masked={statement.masked} />
        <OfferButtons offers={busy ? offers.filter((o) => o.kind === 'edit') : offers} disabled={stale} onOffer={(offer) => onOffer(offer, statement)} />
        {statement.effect !== 'allow' && <NextPlace places={statement.explanations} shown={shown} stale={stale} onShow={onShow} />}
      </span>
    </div>
  );
}

export function DecisionStrip({ ref, dryRun, caret, busy, onShow, onOffer, onLeave }: StripActions & { ref: Ref<HTMLDivElement>; dryRun: DryRunState; caret: number }) {
  const lines = dryRun.phase === 'decided' ? dryRun.statements : dryRun.phase === 'asking' ? dryRun.last : [];
  const unparsed = dryRun.phase === 'decided' ? dryRun.unparsed : [];
  const current = statementAtCaret(lines, caret);
  return (
    <div ref={ref} className={classes.decisions} role="status" aria-label="Decision before running" onKeyDown={(e) => e.key === 'Escape' && onLeave()}>
      {lines.map((s, i) => (
        <Line key={i} statement={s} current={s === current} caret={s === current ? caret : s.from - 1} stale={dryRun.phase === 'asking'} busy={busy} onShow={onShow} onOffer={onOffer} />
      ))}
      {unparsed.map((u) => (
        <div key={u.from} className={classes.quiet}>
          <IconPencil size={16} aria-hidden /> Not a whole statement yet: {u.message}
        </div>
      ))}
      {lines.length === 0 && <Quiet dryRun={dryRun} />}
    </div>
  );
}

function Quiet({ dryRun }: { dryRun: DryRunState }) {
  return (
    <div className={classes.quiet}>
      {dryRun.phase === 'asking' && (
        <>
          <Loader size={14} /> Asking policy…
        </>
      )}
      {dryRun.phase === 'empty' && (
        <>
          <IconShieldCheck size={16} aria-hidden /> Policy decides as you type: allow, hold or deny, and what will be masked.
        </>
      )}
      {dryRun.phase === 'unparsed' && (
        <>
          <IconPencil size={16} aria-hidden /> Not a whole statement yet: {dryRun.message}
        </>
      )}
      {dryRun.phase === 'failed' && (
        <>
          <IconAlertTriangle size={16} aria-hidden /> No forecast: {dryRun.message} Running still asks policy.
        </>
      )}
    </div>
  );
}
