/**
 * Paints a screen. Only text and colours come from the recording: there is nothing in it to click on, and no style that
 * the page's policy would have to allow. A screen that is larger than its place is made smaller as a whole, as far
 * as it can be read; then it is scrolled.
 */
import { memo, useEffect, useRef, useState, type CSSProperties } from 'react';
import { colourOf, legible } from './colours.ts';
import type { ReplayScreen, Run } from './screen.ts';
import classes from './terminal-view.module.css';

const MAX_FONT_PX = 14;
const MIN_FONT_PX = 9;
/** Of the font: the advance of a character and the height of a line, in em. */
const ADVANCE_EM = 0.6;
const LINE_EM = 1.32;
const PADDING_PX = 10;

function styleOf(run: Run): CSSProperties {
  const fg = colourOf(run.inverse ? run.bg : run.fg, run.bold && !run.inverse);
  const bg = colourOf(run.inverse ? run.fg : run.bg, false);
  const cursor = run.cursor !== run.inverse;
  return {
    width: `${run.width}ch`,
    ...(cursor ? { color: bg ?? 'var(--term-bg)', background: fg ?? 'var(--term-fg)' } : { color: legible(fg, bg), background: bg }),
    ...(run.bold ? { fontWeight: 680 } : {}),
    ...(run.italic ? { fontStyle: 'italic' } : {}),
    ...(run.dim ? { opacity: 0.68 } : {}),
    ...(run.underline || run.strike ? { textDecoration: `${run.underline ? 'underline ' : ''}${run.strike ? 'line-through' : ''}`.trim() } : {}),
  };
}

/** Text with what is looked for marked; matches over several runs are marked in each. */
function marked(runs: readonly Run[], needle: string): (readonly [text: string, found: boolean])[][] {
  const whole = runs.map((r) => r.text).join('').toLowerCase();
  const ranges: [number, number][] = [];
  if (needle !== '') for (let at = whole.indexOf(needle); at >= 0; at = whole.indexOf(needle, at + needle.length)) ranges.push([at, at + needle.length]);
  let from = 0;
  return runs.map((run) => {
    const start = from;
    from += run.text.length;
    const cuts = [...new Set([0, run.text.length, ...ranges.flat().map((c) => Math.max(0, Math.min(run.text.length, c - start)))])].sort((a, b) => a - b);
    return cuts.slice(1).map((end, i) => {
      const begin = cuts[i] ?? 0;
      return [run.text.slice(begin, end), ranges.some(([f, t]) => f <= start + begin && start + end <= t)] as const;
    });
  });
}

const Row = memo(function Row({ content, needle }: { content: string; needle: string }) {
  const runs = JSON.parse(content) as Run[];
  const pieces = marked(runs, needle);
  return (
    <div className={classes.row}>
      {runs.map((run, i) => (
        <span key={i} style={styleOf(run)}>
          {pieces[i]?.map(([text, found], k) => (found ? <mark key={k}>{text}</mark> : text))}
        </span>
      ))}
    </div>
  );
});

/** The largest font in which the screen fits its place, and can be read. */
function useFont(cols: number, rows: number) {
  const place = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 800, height: 480 });
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const fits = Math.min((size.width - 2 * PADDING_PX - 2) / (cols * ADVANCE_EM), (size.height - 2 * PADDING_PX - 2) / (rows * LINE_EM), MAX_FONT_PX);
  return { place, size, fontPx: Math.max(MIN_FONT_PX, Math.floor(fits * 10) / 10) };
}

const MARGIN_PX = 12;
/** How far to scroll for what stands out by so much; nothing for what does not. */
const beyond = (px: number): number => (px > 0 ? px + MARGIN_PX : 0);

/** @param version changes whenever the screen has changed @param needle in lower case; empty for none */
export function TerminalView({ screen, version, needle }: { screen: ReplayScreen; version: number; needle: string }) {
  const { place, size, fontPx } = useFont(screen.cols, screen.rows);
  const rows = Array.from({ length: screen.rows }, (_, y) => JSON.stringify(screen.runs(y)));
  const { cursorRow } = screen;
  // Where not all of the screen fits: what is looked for, else the row that is written to, stays in sight.
  useEffect(() => {
    const element = place.current;
    const rowsShown = element?.firstElementChild;
    const wanted = (needle === '' ? undefined : element?.querySelector('mark')) ?? rowsShown?.children[cursorRow];
    if (element === null || wanted === undefined) return;
    const [row, around] = [wanted.getBoundingClientRect(), element.getBoundingClientRect()];
    const left = needle === '' ? 0 : beyond(row.right - around.right) - beyond(around.left - row.left);
    element.scrollBy({ left, top: beyond(row.bottom - around.bottom) - beyond(around.top - row.top), behavior: 'instant' });
  }, [place, size, cursorRow, needle, version, fontPx]);
  return (
    <div ref={place} className={classes.place}>
      <div className={classes.screen} style={{ fontSize: `${fontPx}px`, width: `calc(${screen.cols}ch + ${2 * PADDING_PX + 2}px)` }} role="region" aria-label="Terminal as it was shown" tabIndex={0} data-version={version}>
        {rows.map((content, y) => (
          <Row key={y} content={content} needle={needle} />
        ))}
      </div>
    </div>
  );
}
