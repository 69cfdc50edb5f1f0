/**
 * Which literals of a statement near classified columns may still be shown to an approver and in the recording: those
 * that are assigned to, inserted into or compared with a column that is not classified. Everything else stays hidden.
 */
import { isObject } from './facts/tree.ts';
import { parseSql } from './parse.ts';

type Tree = Readonly<Record<string, unknown>>;

/** @param isPlain true for the name of a column that some table of the statement has and none classifies @returns byte offsets in `sql` */
export function plainLiterals(sql: string, isPlain: (column: string) => boolean): ReadonlySet<number> {
  const parsed = parseSql(sql);
  const found = new Set<number>();
  if (!parsed.ok) return found;
  const keep = (column: string | undefined, value: unknown): void => {
    if (column !== undefined && isPlain(column)) for (const at of constants(value)) found.add(at);
  };
  // Where a statement gives columns other names, a name says nothing about what it holds.
  if (parsed.statements.some((s) => renames(s.node))) return found;
  for (const statement of parsed.statements) walk(statement.node, keep);
  return found;
}

type Keep = (column: string | undefined, value: unknown) => void;

function walk(value: unknown, keep: Keep): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, keep);
    return;
  }
  if (!isObject(value)) return;
  if (isObject(value['UpdateStmt'])) assignments(value['UpdateStmt'], keep);
  if (isObject(value['InsertStmt'])) insertedValues(value['InsertStmt'], keep);
  if (isObject(value['A_Expr'])) keep(columnOf(value['A_Expr']['lexpr']), value['A_Expr']['rexpr']);
  for (const key in value) walk(value[key], keep);
}

function renames(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(renames);
  if (!isObject(value)) return false;
  if (list(value['colnames']).length > 0 || list(value['aliascolnames']).length > 0) return true;
  const select = value['SelectStmt'];
  const aliased = isObject(select) && list(select['targetList']).some((t) => isObject(t) && isObject(t['ResTarget']) && t['ResTarget']['name'] !== undefined);
  return aliased || Object.values(value).some(renames);
}

/** UPDATE ... SET column = literal */
function assignments(update: Tree, keep: Keep): void {
  for (const item of list(update['targetList'])) {
    const target = isObject(item) ? item['ResTarget'] : undefined;
    if (isObject(target) && target['indirection'] === undefined) keep(text(target['name']), target['val']);
  }
}

/** INSERT INTO t (columns) VALUES (literals), ...; without a column list nothing is claimed. */
function insertedValues(insert: Tree, keep: Keep): void {
  const columns = list(insert['cols']).map((c) => (isObject(c) && isObject(c['ResTarget']) ? text(c['ResTarget']['name']) : undefined));
  const select = isObject(insert['selectStmt']) ? insert['selectStmt']['SelectStmt'] : undefined;
  if (!isObject(select)) return;
  for (const row of list(select['valuesLists'])) {
    const items = isObject(row) && isObject(row['List']) ? list(row['List']['items']) : [];
    items.forEach((item, i) => keep(columns[i], item));
  }
}

/** The name of a plain column reference: `a` or `t.a`. */
function columnOf(node: unknown): string | undefined {
  const ref = isObject(node) ? node['ColumnRef'] : undefined;
  const last = isObject(ref) ? list(ref['fields']).at(-1) : undefined;
  return isObject(last) && isObject(last['String']) ? text(last['String']['sval']) : undefined;
}

/** Places of constants that stand for themselves: a constant, a cast of one, or a list of them. */
function constants(value: unknown): number[] {
  if (!isObject(value)) return [];
  const { A_Const: constant, TypeCast: cast, List: items } = value;
  if (isObject(constant)) return [typeof constant['location'] === 'number' ? constant['location'] : 0];
  if (isObject(cast)) return constants(cast['arg']);
  return isObject(items) ? list(items['items']).flatMap(constants) : [];
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
