/** A held run with its live state, and a refused or failed run with what to do about it. */
import { Button } from '@mantine/core';
import { IconAlertCircle, IconCopy, IconHandStop, IconShieldX } from '@tabler/icons-react';
import type { SqlError } from '../../contract/ipc/common.ts';
import type { Explanation, Offer } from '../../contract/ipc/workbench.ts';
import { asSentence, formatClock } from '../../ui/format.ts';
import { PlainSentence } from '../../ui/plain-sentence.tsx';
import { useNow } from '../live.ts';
import { goTo } from '../navigation.ts';
import { copyText } from '../notify.ts';
import { OfferButtons } from './decision-strip.tsx';
import type { HoldView } from './run-model.ts';
import classes from './workbench.module.css';

export interface HeldRequest {
  readonly approvalId: string;
  readonly reason: string;
  readonly policyIds: readonly string[];
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly expiresMs: number;
  /** What waits, where the screen does not show it. */
  readonly statement?: string;
}

export function HoldBanner({ held, approvals, onCancel }: { held: HeldRequest; approvals: number; onCancel: () => void }) {
  const now = useNow(1_000);
  return (
    <div className={classes.banner} role="status">
      <div className={classes.bannerIcon}>
        <IconHandStop size={20} stroke={1.9} aria-hidden />
      </div>
      <div>
        <p className={classes.bannerTitle}>Waiting for approval · {formatClock(held.expiresMs - now)} left</p>
        {held.statement !== undefined && <pre className={classes.bannerStatement} tabIndex={0} role="group" aria-label="What waits">{held.statement}</pre>}
        <p className={classes.bannerText}>{asSentence(held.reason)}</p>
        <p className={classes.bannerMeta}>
          <span>
            {approvals} of {held.quorum} approved
          </span>
          <span>Approvers: {held.approvers.join(', ')}</span>
          {held.policyIds.length > 0 && (
            <span>
              Policy: <code>{held.policyIds.join(', ')}</code>
            </span>
          )}
        </p>
      </div>
      <div style={{ display: 'flex', gap: 8 }}>
        <Button size="xs" variant="default" onClick={() => goTo('approvals', held.approvalId)}>
          See request
        </Button>
        <Button size="xs" color="red" variant="light" onClick={onCancel}>
          Withdraw
        </Button>
      </div>
    </div>
  );
}

const titles = { denied: 'Denied by policy', refused: 'Refused: Sallyport cannot be sure what this does' } as const;

export interface Why {
  readonly sql: string;
  readonly explanations: readonly Explanation[];
}

/** The first cause in one sentence, and what would be allowed instead. The policy's own words follow where they say more. */
function Because({ why, message, onOffer }: { why: Why; message: string; onOffer: (offer: Offer, sql: string) => void }) {
  const [first, ...others] = why.explanations;
  if (first === undefined) return <p className={classes.bannerText}>{message}</p>;
  return (
    <>
      {[first, ...others.slice(0, 2)].map((e) => (
        <p key={`${e.from}-${e.sentence}`} className={classes.bannerText}>
          <PlainSentence text={e.sentence} />
        </p>
      ))}
      {first.offers.length > 0 && (
        <div className={classes.bannerOffers}>
          <OfferButtons offers={first.offers} disabled={false} onOffer={(offer) => onOffer(offer, why.sql)} />
        </div>
      )}
    </>
  );
}

export function ErrorBanner({ error, hold, why, onOffer }: { error: SqlError; hold: HoldView | undefined; why: Why | undefined; onOffer: (offer: Offer, sql: string) => void }) {
  const byPerson = hold?.state === 'denied';
  const title = byPerson ? `Denied by ${hold.by ?? 'an approver'}` : error.refusal === undefined ? `Error ${error.sqlstate}` : titles[error.refusal];
  const Icon = error.refusal === undefined ? IconAlertCircle : IconShieldX;
  const report = [title, error.message, error.detail, error.hint, error.policyIds.join(', '), error.reference].filter((x) => x !== undefined && x !== '').join('\n');
  return (
    <div className={classes.banner} data-tone="deny" role="alert">
      <div className={classes.bannerIcon}>
        <Icon size={20} stroke={1.9} aria-hidden />
      </div>
      <div>
        <p className={classes.bannerTitle}>{title}</p>
        {why === undefined || error.refusal === undefined ? <p className={classes.bannerText}>{error.message}</p> : <Because why={why} message={error.message} onOffer={onOffer} />}
        {error.detail !== undefined && <p className={classes.bannerText}>{error.detail}</p>}
        {error.hint !== undefined && (
          <p className={classes.bannerText}>
            <b>What to do:</b> {error.hint}
          </p>
        )}
        <p className={classes.bannerMeta}>
          <span>
            SQLSTATE <code>{error.sqlstate}</code>
          </span>
          {error.policyIds.length > 0 && (
            <span>
              Policy <code>{error.policyIds.join(', ')}</code>
            </span>
          )}
          {error.reference !== undefined && (
            <span>
              Reference <code>{error.reference}</code>
            </span>
          )}
        </p>
      </div>
      <Button size="xs" variant="default" leftSection={<IconCopy size={14} />} onClick={() => copyText(report, 'Error copied')}>
        Copy
      </Button>
    </div>
  );
}
