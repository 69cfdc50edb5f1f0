/** One statement in the list of matches. */
import { IconAlertTriangle, IconEyeOff, IconSignature } from '@tabler/icons-react';
import type { FocusEventHandler } from 'react';
import type { SearchHit } from '../../contract/store/search.ts';
import { formatCount, formatDuration, formatTime, plural } from '../../ui/format.ts';
import { EffectPill, isProduction, Pill } from '../../ui/pill.tsx';
import { isPlainClick } from '../link.tsx';
import { goTo, urlOf, type Place } from '../place.ts';
import { cut, marksIn } from './excerpt.ts';
import classes from './search.module.css';

export const HIT_PX = 62;

function Statement({ hit }: { hit: SearchHit }) {
  if (hit.statement === '') return <i className={classes.noText}>{hit.redacted ? 'The text is missing: the session says whether a redaction took it out' : 'A message that could not be read'}</i>;
  const excerpt = cut(hit.statement, hit.highlights);
  return marksIn(excerpt).map((part) => (part.marked ? <mark key={part.from}>{part.text}</mark> : <span key={part.from}>{part.text}</span>));
}

function Decision({ hit }: { hit: SearchHit }) {
  if (hit.decision === 'approved') {
    return (
      <Pill size="xs" tone="allow" icon={<IconSignature size={12} aria-hidden />}>
        Approved
      </Pill>
    );
  }
  return <EffectPill size="xs" tense="past" effect={hit.decision === 'denied' ? 'deny' : hit.decision === 'held' ? 'hold' : 'allow'} />;
}

export const placeOfHit = (hit: SearchHit): Place => ({ page: 'session', id: hit.session_id, n: hit.n });

interface Props {
  readonly hit: SearchHit;
  readonly topPx: number;
  readonly at: number;
  readonly current: boolean;
  readonly onFocus: FocusEventHandler;
}

export function HitRow({ hit, topPx, at, current, onFocus }: Props) {
  const to = placeOfHit(hit);
  const cells = hit.masked.reduce((sum, m) => sum + m.cells, 0);
  const rows = hit.rows === undefined ? '' : plural(hit.rows, 'row');
  return (
    <a
      className={classes.hit}
      data-at={at}
      href={urlOf(to)}
      tabIndex={current ? 0 : -1}
      style={{ transform: `translateY(${topPx}px)`, height: HIT_PX }}
      onFocus={onFocus}
      onClick={(e) => {
        if (!isPlainClick(e)) return;
        e.preventDefault();
        goTo(to);
      }}
    >
      <span className={classes.sql}>
        <Statement hit={hit} />
      </span>
      <span className={classes.pills}>
        {cells > 0 && (
          <Pill size="xs" tone="mask" icon={<IconEyeOff size={11} aria-hidden />} title={hit.masked.map((m) => `${m.data_class}: ${formatCount(m.cells)}`).join(', ')}>
            {formatCount(cells)} masked
          </Pill>
        )}
        {hit.error !== undefined && hit.decision !== 'denied' && (
          <Pill size="xs" tone="deny" icon={<IconAlertTriangle size={11} aria-hidden />} mono title={`The target answered SQLSTATE ${hit.error}`}>
            {hit.error}
          </Pill>
        )}
        <Decision hit={hit} />
      </span>
      <span className={classes.about}>
        <time dateTime={new Date(hit.t_ms).toISOString()}>{formatTime(hit.t_ms)}</time>
        <b>{hit.person.name}</b>
        <span data-prod={isProduction(hit.labels) ? '' : undefined}>{hit.connection}</span>
        <span className={classes.reason}>{hit.reason !== '' ? hit.reason : hit.tables.join(', ')}</span>
      </span>
      <span className={classes.figures}>
        {rows}
        {hit.us !== undefined && ` · ${formatDuration(hit.us / 1_000)}`}
      </span>
    </a>
  );
}
