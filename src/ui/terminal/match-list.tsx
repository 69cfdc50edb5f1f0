/** What was found in a terminal session, in the order of its times. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useRef } from 'react';
import { formatTime } from '../format.ts';
import player from '../replay-player.module.css';
import classes from './terminal-player.module.css';
import type { Match } from './use-shown-find.ts';

const ROW_PX = 46;
/** Characters before what was found: the list is narrow, and the find itself is to be seen. */
const BEFORE = 8;
const idOf = (index: number): string => `match-${index}`;

function Text({ text, needle }: { text: string; needle: string }) {
  const at = text.toLowerCase().indexOf(needle);
  if (at < 0) return text;
  return (
    <>
      {at > BEFORE ? `…${text.slice(at - BEFORE, at)}` : text.slice(0, at)}
      <mark>{text.slice(at, at + needle.length)}</mark>
      {text.slice(at + needle.length)}
    </>
  );
}

export function MatchList(props: { matches: readonly Match[]; needle: string; at: number; busy: boolean; cut: boolean; onPick: (index: number) => void }) {
  const { matches } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: matches.length, getScrollElement: () => scroll.current, estimateSize: () => ROW_PX, overscan: 8 });
  useEffect(() => {
    if (props.at >= 0) virtual.scrollToIndex(props.at, { align: 'auto' });
  }, [props.at, virtual]);
  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowDown: Math.min(props.at + 1, matches.length - 1), ArrowUp: Math.max(props.at - 1, 0), Home: 0, End: matches.length - 1 }[event.key];
    if (to === undefined || matches.length === 0) return;
    // The player would go to the next step, which this list does not show.
    event.preventDefault();
    event.stopPropagation();
    props.onPick(to);
  };
  const here = matches[props.at];
  return (
    // A list without options is none to screen readers; what it says then is a message.
    <div ref={scroll} className={player.steps} role={matches.length === 0 ? 'status' : 'listbox'} aria-label="Found in the session" tabIndex={0} aria-busy={props.busy} aria-activedescendant={here === undefined ? undefined : idOf(props.at)} onKeyDown={onKeyDown}>
      {matches.length === 0 && <p className={classes.none}>{props.busy ? 'Looking through what was shown…' : 'Nothing in the steps, and nothing on the screens.'}</p>}
      <div role="presentation" style={{ position: 'relative', height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((row) => {
          const match = matches[row.index];
          return match === undefined ? null : (
            <div key={row.key} id={idOf(row.index)} role="option" aria-selected={row.index === props.at} aria-setsize={matches.length} aria-posinset={row.index + 1} className={player.step} data-current={row.index === props.at ? '' : undefined} style={{ transform: `translateY(${row.start}px)`, height: ROW_PX }} onClick={() => props.onPick(row.index)}>
              <span className={player.dot} aria-hidden />
              <span className={classes.match}>
                <Text text={match.text} needle={props.needle} />
              </span>
              <span className={player.meta}>
                {formatTime(match.tMs).slice(11)} · {match.channel === undefined ? 'step' : 'on the screen'}
              </span>
            </div>
          );
        })}
      </div>
      {props.cut && <p className={classes.none}>There is more: ask for something longer.</p>}
    </div>
  );
}
