/**
 * `SELECT set_config(name, 'v', false) FROM pg_settings WHERE name = 'x'`: how pg_dump sets what older servers do not
 * know. The row says the name, and the row is the one that the condition names: it is set_config('x', 'v', false).
 */
import type { AnalysisEnv } from '../types.ts';
import { resolveFunction, resolveTable } from './resolve.ts';
import { as, constText, qualified } from './tree.ts';
import type { Node } from './tree.ts';

/** The statement with the setting's name in the place of the column, where it has exactly this form; otherwise as it is. */
export function withSettingName(node: Node, env: AnalysisEnv): Node {
  const select = as(node, 'SelectStmt');
  const target = as(select?.targetList?.[0], 'ResTarget');
  const call = as(target?.val, 'FuncCall');
  if (!select || !target || !call || select.targetList?.length !== 1 || select.fromClause?.length !== 1) return node;
  if (select.op !== 'SETOP_NONE' || select.withClause !== undefined || !isName(call.args?.[0])) return node;
  const name = settingOf(select.whereClause);
  const table = as(select.fromClause[0], 'RangeVar');
  if (!name || !table || table.alias !== undefined) return node;
  const view = resolveTable({ schema: table.schemaname, name: table.relname ?? '' }, env);
  if (view.schema !== 'pg_catalog' || view.name !== 'pg_settings' || view.ambiguous) return node;
  const found = resolveFunction(qualified(call.funcname), env);
  if (!found.builtin || found.name !== 'set_config') return node;
  return { SelectStmt: { ...select, targetList: [{ ResTarget: { ...target, val: { FuncCall: { ...call, args: [name, ...(call.args ?? []).slice(1)] } } } }] } };
}

/** The bare column `name`. */
function isName(node: Node | undefined): boolean {
  const fields = as(node, 'ColumnRef')?.fields ?? [];
  return fields.length === 1 && as(fields[0], 'String')?.sval === 'name';
}

/** The literal of `name = 'literal'`, when that is the whole condition. */
function settingOf(where: Node | undefined): Node | undefined {
  const test = as(where, 'A_Expr');
  if (test?.kind !== 'AEXPR_OP' || qualified(test.name).name !== '=' || (test.name?.length ?? 0) !== 1 || !isName(test.lexpr)) return undefined;
  return as(test.rexpr, 'A_Const') && constText(test.rexpr) !== undefined ? test.rexpr : undefined;
}
