/** Results of any length: only the cells on screen exist. Masked cells are drawn so that nobody takes them for data. */
import { VisuallyHidden } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import type { KeyboardEvent, PointerEvent, ReactNode } from 'react';
import { useId, useRef, useState } from 'react';
import { formatCount, plural } from './format.ts';
import type { CellAt } from './grid-keys.ts';
import { moveCell } from './grid-keys.ts';
import { MaskedCell, maskSentence } from './masked-cell.tsx';
import type { CellView, ResultBuffer } from './result-buffer.ts';
import { initialWidth, isNumericType } from './result-buffer.ts';
import classes from './result-grid.module.css';
import { HEAD_PX, useGridWindow } from './use-window.ts';

export interface ResultGridProps {
  readonly buffer: ResultBuffer;
  /** Changes whenever rows or masks were added to the buffer. */
  readonly version: number;
  readonly label: string;
  readonly onCopy: (text: string) => void;
  readonly onOpenCell?: (column: string, text: string) => void;
  /** Right end of the line beneath the rows. */
  readonly footer?: ReactNode;
}

function CellContent({ cell }: { cell: CellView }) {
  if (cell.kind === 'null') return <span className={classes.null}>NULL</span>;
  if (cell.kind === 'masked') return <MaskedCell text={cell.text} mask={cell.mask} />;
  if (cell.text === '') return <span className={classes.empty}>empty</span>;
  // One line for each row; the whole value is in the cell viewer.
  return cell.text.length > 400 ? `${cell.text.slice(0, 400)}…` : cell.text.replaceAll('\n', '⏎');
}

function useWidths(buffer: ResultBuffer) {
  const [dragged, setDragged] = useState<ReadonlyMap<number, number>>(new Map());
  const [sampled] = useState(() => new Map<number, number>());
  const widths = buffer.columns.map((_, i) => dragged.get(i) ?? sampled.get(i) ?? initialWidth(buffer, i));
  const startResize = (column: number) => (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    const handle = event.currentTarget;
    const startX = event.clientX;
    const startWidth = widths[column] ?? 120;
    handle.setPointerCapture(event.pointerId);
    handle.dataset['active'] = '';
    handle.onpointermove = (move) => setDragged((old) => new Map(old).set(column, Math.max(48, Math.min(1_200, startWidth + move.clientX - startX))));
    handle.onpointerup = () => {
      handle.onpointermove = null;
      delete handle.dataset['active'];
    };
  };
  return { widths, startResize };
}

function Header(props: { buffer: ResultBuffer; columns: readonly { index: number; start: number; size: number }[]; startResize: ReturnType<typeof useWidths>['startResize'] }) {
  return props.columns.map(({ index, start, size }) => {
    const column = props.buffer.columns[index];
    if (column === undefined) return null;
    return (
      <div
        key={index}
        className={classes.th}
        role="columnheader"
        aria-colindex={index + 2}
        data-masked={column.mask === undefined ? undefined : ''}
        title={column.mask === undefined ? `${column.name} ${column.type}` : maskSentence(column.mask)}
        style={{ left: `calc(var(--index-width) + ${start}px)`, width: size }}
      >
        <div className={classes.name}>
          {column.mask !== undefined && <IconEyeOff size={12} stroke={2} aria-label="masked" />}
          <span>{column.name}</span>
        </div>
        <div className={classes.type}>{column.mask === undefined ? column.type : `${column.type} · ${column.mask.classId}`}</div>
        <div className={classes.resize} onPointerDown={props.startResize(index)} aria-hidden />
      </div>
    );
  });
}

function Foot({ buffer, active, footer }: { buffer: ResultBuffer; active: CellAt | undefined; footer: ReactNode }) {
  const column = active === undefined ? undefined : buffer.columns[active.column];
  const mask = active === undefined ? undefined : buffer.maskAt(active.row, active.column);
  return (
    <div className={classes.foot}>
      {active === undefined || column === undefined ? (
        <span>{plural(buffer.rows.length, 'row')}</span>
      ) : (
        <>
          <span>
            Row {formatCount(active.row + 1)} of {formatCount(buffer.rows.length)}
          </span>
          <code>{column.name}</code>
          {mask !== undefined && <span>{maskSentence(mask)}</span>}
        </>
      )}
      <span className={classes.grow} />
      {footer}
    </div>
  );
}

export function ResultGrid(props: ResultGridProps) {
  const { buffer } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const id = useId();
  const [active, setActive] = useState<CellAt>();
  const { widths, startResize } = useWidths(buffer);
  const view = useGridWindow(scroll, buffer.rows.length, widths);
  const indexWidth = 26 + String(buffer.rows.length).length * 8;

  const textAt = (at: CellAt): string => {
    const cell = buffer.cell(at.row, at.column);
    return cell.kind === 'null' ? '' : cell.text;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const mod = event.ctrlKey || event.metaKey;
    if (active !== undefined && mod && event.key === 'c') props.onCopy(textAt(active));
    else if (active !== undefined && event.key === 'Enter' && !mod) props.onOpenCell?.(buffer.columns[active.column]?.name ?? '', textAt(active));
    else {
      const next = moveCell(active ?? { row: 0, column: 0 }, event.key, mod, { rows: buffer.rows.length, columns: buffer.columns.length });
      if (next === undefined) return;
      setActive(active === undefined ? { row: 0, column: 0 } : next);
      view.reveal(next.row, next.column, indexWidth);
    }
    event.preventDefault();
  };

  return (
    <div className={classes.wrap}>
      <div
        ref={scroll}
        className={classes.scroll}
        role="grid"
        tabIndex={0}
        aria-label={props.label}
        aria-rowcount={buffer.rows.length + 1}
        aria-colcount={buffer.columns.length + 1}
        aria-activedescendant={active === undefined ? undefined : `${id}-${active.row}-${active.column}`}
        onKeyDown={onKeyDown}
        style={{ '--index-width': `${indexWidth}px` } as React.CSSProperties}
      >
        <div className={classes.canvas} role="presentation" style={{ width: view.widthPx + indexWidth, height: view.heightPx + HEAD_PX }}>
          <div className={classes.head} role="row" aria-rowindex={1} style={{ width: view.widthPx + indexWidth }}>
            <div className={classes.corner} role="columnheader" aria-colindex={1}>
              <VisuallyHidden>Row number</VisuallyHidden>
            </div>
            <Header buffer={buffer} columns={view.columns} startResize={startResize} />
          </div>
          {view.rows.map((row) => (
            <div key={row.index} className={classes.row} role="row" aria-rowindex={row.index + 2} style={{ transform: `translateY(${row.start + HEAD_PX}px)`, top: 0, width: view.widthPx + indexWidth }}>
              <div className={classes.index} role="rowheader" aria-colindex={1}>
                {formatCount(row.index + 1)}
              </div>
              {view.columns.map((column) => {
                const cell = buffer.cell(row.index, column.index);
                const isActive = active?.row === row.index && active.column === column.index;
                return (
                  <div
                    key={column.index}
                    id={`${id}-${row.index}-${column.index}`}
                    className={classes.cell}
                    role="gridcell"
                    aria-colindex={column.index + 2}
                    aria-selected={isActive}
                    data-active={isActive ? '' : undefined}
                    data-masked={cell.kind === 'masked' ? '' : undefined}
                    data-align={cell.kind === 'value' && isNumericType(buffer.columns[column.index]?.type ?? '') ? 'end' : undefined}
                    style={{ left: `calc(var(--index-width) + ${column.start}px)`, width: column.size }}
                    onMouseDown={() => setActive({ row: row.index, column: column.index })}
                    onDoubleClick={() => props.onOpenCell?.(buffer.columns[column.index]?.name ?? '', textAt({ row: row.index, column: column.index }))}
                  >
                    <CellContent cell={cell} />
                  </div>
                );
              })}
            </div>
          ))}
        </div>
      </div>
      <Foot buffer={buffer} active={active} footer={props.footer} />
    </div>
  );
}
