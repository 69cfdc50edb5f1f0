/** What is known of values that come from the rows of a table: that they are never NULL, or that they are its least, its greatest, its count. */
import type { SelectStmt } from 'libpg-query';
import { columnOf, ownItems, ownName } from './own-rows.ts';
import type { OwnTable } from './own-rows.ts';
import { allOf, as, constOf, strings } from './tree.ts';
import type { Node } from './tree.ts';

/** Functions of the server that give a value wherever their arguments are none of them NULL. */
const TOTAL: ReadonlySet<string> = new Set(
  'length char_length character_length octet_length bit_length lower upper initcap md5 abs sign ceil ceiling floor round trunc concat btrim ltrim rtrim reverse left right substr replace repeat translate to_char date_trunc date_part extract age hashtext to_json to_jsonb row_to_json quote_literal quote_ident format pg_typeof pg_column_size ascii strpos position starts_with encode jsonb_build_object json_build_object'.split(' '),
);
const TOTAL_OPERATORS: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '||', '=', '<>', '!=', '<', '<=', '>', '>=', '~~', '!~~', '~', '!~']);

/** True for an expression that is never NULL; `isFull` says so of a column. */
export function neverNull(node: Node | undefined, isFull: (column: Node) => boolean): boolean {
  if (node === undefined) return false;
  const all = (nodes: readonly Node[] | undefined): boolean => (nodes ?? []).every((n) => neverNull(n, isFull));
  const constant = constOf(node);
  if (constant !== undefined) return constant.kind !== 'null';
  if (as(node, 'ColumnRef') !== undefined) return isFull(node);
  const cast = as(node, 'TypeCast') ?? as(node, 'CollateClause');
  if (cast !== undefined) return neverNull(cast.arg, isFull);
  if (as(node, 'NullTest') ?? as(node, 'BooleanTest') ?? as(node, 'SQLValueFunction') ?? as(node, 'A_ArrayExpr')) return true;
  const parts = as(node, 'BoolExpr') ?? as(node, 'RowExpr');
  if (parts !== undefined) return all(parts.args);
  const coalesce = as(node, 'CoalesceExpr') ?? as(node, 'MinMaxExpr');
  if (coalesce !== undefined) return (coalesce.args ?? []).some((a) => neverNull(a, isFull));
  const choice = as(node, 'CaseExpr');
  if (choice !== undefined) return neverNull(choice.defresult, isFull) && allOf(choice.args, 'CaseWhen').every((w) => neverNull(w.result, isFull));
  const call = as(node, 'FuncCall');
  if (call !== undefined) return TOTAL.has(strings(call.funcname).at(-1) ?? '') && call.over === undefined && all(call.args);
  const e = as(node, 'A_Expr');
  return e?.kind === 'AEXPR_OP' && TOTAL_OPERATORS.has(strings(e.name).at(-1) ?? '') && (e.lexpr === undefined || neverNull(e.lexpr, isFull)) && neverNull(e.rexpr, isFull);
}

/** `(SELECT min(id) FROM the_table)`, with a number that is added to it. */
export interface Aggregate {
  readonly name: string;
  /** Of the table; undefined for `count(*)`. */
  readonly column: string | undefined;
  readonly plus: number;
}

/** What aggregate over all of the table's rows the expression is, or undefined. */
export function aggregateOf(node: Node | undefined, own: OwnTable): Aggregate | undefined {
  const cast = as(node, 'TypeCast');
  if (cast !== undefined) return aggregateOf(cast.arg, own);
  const outer = shifted(node);
  const link = as(outer.node, 'SubLink');
  const select = link?.subLinkType === 'EXPR_SUBLINK' ? as(link.subselect, 'SelectStmt') : undefined;
  if (select?.op !== 'SETOP_NONE' || select.fromClause?.length !== 1 || select.targetList?.length !== 1 || select.groupClause !== undefined || select.havingClause !== undefined || select.withClause !== undefined) return undefined;
  const [item] = ownItems(select.fromClause[0], own);
  if (item === undefined || (select.whereClause !== undefined && (item.beside.length > 0 || !own.keepsAll(select.whereClause, item.alias)))) return undefined;
  const inner = shifted(as(select.targetList[0], 'ResTarget')?.val);
  const call = as(inner.node, 'FuncCall');
  if (call === undefined || call.agg_filter !== undefined || call.over !== undefined) return undefined;
  return { name: strings(call.funcname).at(-1) ?? '', column: ownName(item.columns, columnOf(call.args?.[0])), plus: outer.plus + inner.plus };
}

/** `x + 1` as x and 1. */
function shifted(node: Node | undefined): { readonly node: Node | undefined; readonly plus: number } {
  const e = as(node, 'A_Expr');
  const op = strings(e?.name).at(-1);
  const by = constOf(e?.rexpr)?.value;
  return e?.kind === 'AEXPR_OP' && e.lexpr !== undefined && typeof by === 'number' && (op === '+' || op === '-') ? { node: e.lexpr, plus: op === '+' ? by : -by } : { node, plus: 0 };
}

/** Whether a value of the column stands in this relation to the aggregate of all of them, whichever it is. */
export function holdsForAll(op: string, { name, plus }: Aggregate): boolean {
  if (name === 'min') return op === '>=' ? plus <= 0 : (op === '>' || op === '<>' || op === '!=') && plus < 0;
  return name === 'max' && (op === '<=' ? plus >= 0 : (op === '<' || op === '<>' || op === '!=') && plus > 0);
}

/** First and last number of a query that gives `generate_series(1, 9)`. */
export function seriesOf(query: Node | undefined): readonly [number, number] | undefined {
  const select: SelectStmt | undefined = as(query, 'SelectStmt');
  if (select?.op !== 'SETOP_NONE' || select.whereClause !== undefined || select.limitCount !== undefined || select.limitOffset !== undefined) return undefined;
  const items = allOf(select.fromClause, 'RangeFunction').flatMap((f) => allOf(f.functions, 'List').flatMap((l) => l.items ?? []));
  const call = allOf([...items, ...allOf(select.targetList, 'ResTarget').flatMap((t) => t.val ?? [])], 'FuncCall').find((f) => strings(f.funcname).at(-1) === 'generate_series');
  const [first, last, step = 1] = (call?.args ?? []).map((a) => constOf(a)?.value);
  return typeof first === 'number' && typeof last === 'number' && step === 1 ? [first, last] : undefined;
}
