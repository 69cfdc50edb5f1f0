/** SQL that is read, not edited: coloured by the light scanner, as a block or as one line of a list. Other text is shown plain. */
import { useMemo } from 'react';
import { oneLine } from './format.ts';
import { tokenizeSql } from './sql-tokens.ts';
import classes from './sql-text.module.css';

/** Longer text is shown plain: colouring is a comfort, not worth a slow screen. */
const COLOUR_LIMIT = 60_000;

function Coloured({ sql }: { sql: string }) {
  const tokens = useMemo(() => (sql.length > COLOUR_LIMIT ? undefined : tokenizeSql(sql)), [sql]);
  if (tokens === undefined) return sql;
  return tokens.map((t) => {
    const text = sql.slice(t.from, t.to);
    const name = classes[t.kind];
    return name === undefined ? (
      text
    ) : (
      <span key={t.from} className={name}>
        {text}
      </span>
    );
  });
}

export function SqlBlock({ sql, label, plain = false }: { sql: string; label: string; plain?: boolean }) {
  return (
    <div className={classes.block} tabIndex={0} role="region" aria-label={label}>
      <pre className={classes.code}>
        {plain ? sql : <Coloured sql={sql} />}
      </pre>
    </div>
  );
}

export function SqlLine({ sql, max = 160, plain = false }: { sql: string; max?: number; plain?: boolean }) {
  const line = oneLine(sql, max);
  return (
    <span className={classes.line} title={sql.length > max ? sql.slice(0, 2_000) : undefined}>
      {plain ? line : <Coloured sql={line} />}
    </span>
  );
}
