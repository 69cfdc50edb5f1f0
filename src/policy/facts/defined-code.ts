/** Code that a definition brings: functions that it names for an operator, an aggregate or a cast, and the body of a function in SQL. */
import { parseSql } from '../parse.ts';
import { allOf, as, qualified, stringOf } from './tree.ts';
import type { Node, QualifiedName } from './tree.ts';

/** Parts of CREATE AGGREGATE, OPERATOR and TYPE that name a function. */
const CALLED: ReadonlySet<string> = new Set(
  'sfunc finalfunc combinefunc serialfunc deserialfunc msfunc minvfunc mfinalfunc sfunc1 procedure function restrict join input output receive send typmod_in typmod_out analyze subscript canonical subtype_diff init lexize start gettoken end headline lextypes'.split(' '),
);

/** Functions that other statements call once the definition is made, without naming them. */
export function functionsNamed(node: Node): readonly QualifiedName[] {
  const cast = as(node, 'CreateCastStmt')?.func?.objname;
  const handlers = as(node, 'CreateConversionStmt')?.func_name ?? as(node, 'CreateAmStmt')?.handler_name;
  const parts = allOf(as(node, 'DefineStmt')?.definition ?? as(node, 'CreateRangeStmt')?.params ?? as(node, 'AlterOperatorStmt')?.options, 'DefElem').filter((d) => CALLED.has(d.defname?.toLowerCase() ?? ''));
  const items = allOf(as(node, 'CreateOpClassStmt')?.items ?? as(node, 'AlterOpFamilyStmt')?.items, 'CreateOpClassItem').filter((i) => i.itemtype === 2);
  const lists = [cast, handlers, ...parts.map((d) => as(d.arg, 'TypeName')?.names ?? as(d.arg, 'List')?.items), ...items.map((i) => i.name?.objname)];
  return lists.flatMap((names) => (names === undefined ? [] : [qualified(names)]));
}

/** Statements in the body of a function in SQL that is given as a text; none where it does not parse, which the server refuses. */
export function bodyFacts(node: Node): readonly Node[] {
  const create = as(node, 'CreateFunctionStmt');
  const options = allOf(create?.options, 'DefElem');
  const language = stringOf(options.find((o) => o.defname === 'language')?.arg)?.toLowerCase();
  const text = as(options.find((o) => o.defname === 'as')?.arg, 'List')?.items?.map(stringOf)[0];
  if (language !== 'sql' || text === undefined) return [];
  const parsed = parseSql(text);
  return parsed.ok ? parsed.statements.map((s) => s.node) : [];
}
