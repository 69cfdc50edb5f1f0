/** A recorded, masked result as a plain table: the player shows at most a screenful of it. */
import type { ResultColumn, Row } from '../contract/ipc/common.ts';
import { formatCount } from './format.ts';
import { MaskedCell } from './masked-cell.tsx';
import { isNumericType } from './result-buffer.ts';
import classes from './result-table.module.css';

const SHOWN_ROWS = 200;

const NUMBER = /^-?\d+(\.\d+)?$/;

/** Recordings do not keep types: a column of numbers is known by its values. */
function holdsNumbers(rows: readonly Row[], column: number): boolean {
  const values = rows.flatMap((row) => row[column] ?? []);
  return values.length > 0 && values.every((v) => NUMBER.test(v));
}

export function ResultTable(props: { columns: readonly ResultColumn[]; rows: readonly Row[]; rowCount: number; label: string }) {
  const shown = props.rows.slice(0, SHOWN_ROWS);
  const ends = props.columns.map((c, i) => (isNumericType(c.type) || (c.type === '' && holdsNumbers(shown, i)) ? classes.end : undefined));
  return (
    <div>
      <div className={classes.wrap} tabIndex={0} role="region" aria-label={props.label}>
        <table className={classes.table}>
          <thead>
            <tr>
              {props.columns.map((c, i) => (
                <th key={i} scope="col" className={ends[i]}>
                  {c.name}
                  {c.type !== '' && <small>{c.type}</small>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, r) => (
              <tr key={r}>
                {props.columns.map((c, i) => {
                  const cell = row[i] ?? null;
                  return (
                    <td key={i} className={c.mask === undefined ? ends[i] : undefined}>
                      {c.mask !== undefined && (cell !== null || c.mask.kind === 'null') ? (
                        <MaskedCell text={cell ?? 'hidden'} mask={c.mask} />
                      ) : cell === null ? (
                        <span className={classes.null}>NULL</span>
                      ) : (
                        cell
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {props.rowCount > shown.length && (
        <p style={{ margin: '6px 2px 0', fontSize: 12, color: 'var(--mantine-color-dimmed)' }}>
          {formatCount(shown.length)} of {formatCount(props.rowCount)} rows shown; the recording’s count and digest cover all of them.
        </p>
      )}
    </div>
  );
}
