/** Alternatives of which one holds, whatever the value: `a = 1 OR a <> 1`. */
import { as, sameTree, strings } from './tree.ts';
import type { Node } from './tree.ts';

/** Two of them cannot both be false. Only those that ask about the same are compared, each once. */
export function someComplementary(args: readonly Node[]): boolean {
  const groups = new Map<string, Map<string, Node>>();
  for (const arg of args) {
    const bool = as(arg, 'BoolExpr');
    const inner = bool?.boolop === 'NOT_EXPR' && bool.args?.[0] !== undefined ? bool.args[0] : arg;
    const e = as(inner, 'A_Expr');
    const group = shapeOf(e === undefined ? (as(inner, 'NullTest')?.arg ?? inner) : [e.lexpr, e.rexpr]);
    const known = groups.get(group) ?? new Map<string, Node>();
    known.set(shapeOf(arg), arg);
    groups.set(group, known);
  }
  return [...groups.values()].some((known) => {
    const distinct = [...known.values()];
    return distinct.some((x, i) => distinct.slice(i + 1).some((y) => complementary(x, y)));
  });
}

/** The tree as text, without places. */
const shapeOf = (tree: unknown): string => JSON.stringify(tree, (key, value: unknown) => (key === 'location' || key.startsWith('rexpr_list_') || key.startsWith('list_') ? undefined : value));

const OPPOSITE: Readonly<Record<string, string>> = { '=': '<>', '<>': '=', '!=': '=', '<': '>=', '>=': '<', '>': '<=', '<=': '>' };

/** `a` and `b` cannot both be false. */
function complementary(a: Node, b: Node): boolean {
  const [na, nb] = [as(a, 'NullTest'), as(b, 'NullTest')];
  if (na && nb) return na.nulltesttype !== nb.nulltesttype && sameTree(na.arg, nb.arg);
  const [ba, bb] = [as(a, 'BoolExpr'), as(b, 'BoolExpr')];
  if (ba?.boolop === 'NOT_EXPR' && sameTree(ba.args?.[0], b)) return true;
  if (bb?.boolop === 'NOT_EXPR' && sameTree(bb.args?.[0], a)) return true;
  const [ea, eb] = [as(a, 'A_Expr'), as(b, 'A_Expr')];
  if (!ea || !eb || !sameTree(ea.lexpr, eb.lexpr) || !sameTree(ea.rexpr, eb.rexpr)) return false;
  const [opA, opB] = [strings(ea.name).at(-1) ?? '', strings(eb.name).at(-1) ?? ''];
  if (ea.kind === 'AEXPR_OP' && eb.kind === 'AEXPR_OP') return OPPOSITE[opA] === opB || (opA === '=' && opB === '!=') || opposedOrders(opA, opB);
  const kinds = new Set([ea.kind, eb.kind]);
  if (kinds.size === 1 && (kinds.has('AEXPR_IN') || kinds.has('AEXPR_LIKE') || kinds.has('AEXPR_ILIKE') || kinds.has('AEXPR_SIMILAR'))) return opA !== opB;
  return (kinds.has('AEXPR_BETWEEN') && kinds.has('AEXPR_NOT_BETWEEN')) || (kinds.has('AEXPR_DISTINCT') && kinds.has('AEXPR_NOT_DISTINCT'));
}

/** `x <= 1 OR x >= 1`. */
const opposedOrders = (a: string, b: string): boolean => (a === '<=' && b === '>=') || (a === '>=' && b === '<=');
