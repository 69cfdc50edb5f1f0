/** The name that PostgreSQL gives an output column without an alias (FigureColname in parse_target.c). */
import { as, kindOf, strings, stringOf } from '../facts/tree.ts';
import type { Node } from '../facts/tree.ts';

interface Named {
  readonly name: string;
  /** 0 nothing found, 1 weak, 2 good. */
  readonly strength: 0 | 1 | 2;
}

const good = (name: string): Named => ({ name, strength: 2 });
const NOTHING: Named = { name: '?column?', strength: 0 };

const FIXED: Readonly<Record<string, string>> = {
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

const XML: Readonly<Record<string, string>> = {
  IS_XMLCONCAT: 'xmlconcat',
  IS_XMLELEMENT: 'xmlelement',
  IS_XMLFOREST: 'xmlforest',
  IS_XMLPARSE: 'xmlparse',
  IS_XMLPI: 'xmlpi',
  IS_XMLROOT: 'xmlroot',
};

const JSON_OPS: Readonly<Record<string, string>> = { JSON_EXISTS_OP: 'json_exists', JSON_QUERY_OP: 'json_query', JSON_VALUE_OP: 'json_value' };

/** Name of a target list entry that has no AS. */
export function columnName(node: Node | undefined): string {
  return figure(node).name;
}

function figure(node: Node | undefined): Named {
  if (node === undefined) return NOTHING;
  const kind = kindOf(node);
  if (kind === undefined) return NOTHING;
  const fixed = FIXED[kind];
  if (fixed !== undefined) return good(fixed);
  switch (kind) {
    case 'ColumnRef':
      return lastName(as(node, 'ColumnRef')?.fields) ?? NOTHING;
    case 'A_Indirection':
      return lastName(as(node, 'A_Indirection')?.indirection) ?? figure(as(node, 'A_Indirection')?.arg);
    case 'FuncCall':
      return good(strings(as(node, 'FuncCall')?.funcname).at(-1) ?? '?column?');
    case 'A_Expr':
      return as(node, 'A_Expr')?.kind === 'AEXPR_NULLIF' ? good('nullif') : NOTHING;
    case 'TypeCast': {
      const cast = as(node, 'TypeCast');
      const inner = figure(cast?.arg);
      return inner.strength > 1 || !cast?.typeName?.names ? inner : { name: strings(cast.typeName.names).at(-1) ?? '?column?', strength: 1 };
    }
    case 'CollateClause':
      return figure(as(node, 'CollateClause')?.arg);
    case 'CaseExpr': {
      const inner = figure(as(node, 'CaseExpr')?.defresult);
      return inner.strength > 1 ? inner : { name: 'case', strength: 1 };
    }
    case 'SubLink':
      return subLinkName(node);
    case 'MinMaxExpr':
      return good(as(node, 'MinMaxExpr')?.op === 'IS_LEAST' ? 'least' : 'greatest');
    case 'SQLValueFunction':
      return good((as(node, 'SQLValueFunction')?.op ?? '').replace(/^SVFOP_/, '').replace(/_N$/, '').toLowerCase());
    case 'XmlExpr':
      return good(XML[as(node, 'XmlExpr')?.op ?? ''] ?? '?column?');
    case 'JsonFuncExpr':
      return good(JSON_OPS[as(node, 'JsonFuncExpr')?.op ?? ''] ?? '?column?');
    default:
      return NOTHING;
  }
}

function lastName(nodes: readonly Node[] | undefined): Named | undefined {
  for (const node of [...(nodes ?? [])].reverse()) {
    const name = stringOf(node);
    if (name !== undefined) return good(name);
  }
  return undefined;
}

function subLinkName(node: Node): Named {
  const link = as(node, 'SubLink');
  if (link?.subLinkType === 'EXISTS_SUBLINK') return good('exists');
  if (link?.subLinkType === 'ARRAY_SUBLINK') return good('array');
  if (link?.subLinkType !== 'EXPR_SUBLINK') return NOTHING;
  let select = as(link.subselect, 'SelectStmt');
  while (select?.larg) select = select.larg;
  if (select?.valuesLists) return good('column1');
  const target = as(select?.targetList?.[0], 'ResTarget');
  return target === undefined ? NOTHING : target.name !== undefined ? good(target.name) : figure(target.val);
}
