/** Typed access to libpg-query's parse tree: every node is an object with one key, the node's kind. */
import type { Node } from 'libpg-query';

export type { Node } from 'libpg-query';

export type NodeKind = Node extends infer N ? (N extends unknown ? keyof N : never) : never;
export type NodeOf<K extends NodeKind> = Extract<Node, Record<K, unknown>>[K];

/** A statement of one query text, as the parser gives it. */
export interface ParsedStatement {
  readonly node: Node;
  /** This statement's own text, without separators. */
  readonly text: string;
  /** Where `text` begins in the query, in bytes of UTF-8. Places in the tree are counted from the query's beginning. */
  readonly startByte: number;
}

/** Kind of a node, or undefined for the empty object that the parser prints for a null list member. */
export function kindOf(node: Node): NodeKind | undefined {
  for (const key in node) return key as NodeKind;
  return undefined;
}

/** The node's body when it is of this kind. */
export function as<K extends NodeKind>(node: Node | undefined, kind: K): NodeOf<K> | undefined {
  if (node === undefined || !(kind in node)) return undefined;
  return (node as unknown as Record<K, NodeOf<K>>)[kind];
}

/** The node's body, whatever its kind. */
export function bodyOf(node: Node): unknown {
  for (const body of Object.values(node)) return body;
  return undefined;
}

/** Bodies of the members that are of this kind; others are left out. */
export function allOf<K extends NodeKind>(nodes: readonly Node[] | undefined, kind: K): NodeOf<K>[] {
  const out: NodeOf<K>[] = [];
  for (const node of nodes ?? []) {
    const body = as(node, kind);
    if (body !== undefined) out.push(body);
  }
  return out;
}

export const stringOf = (node: Node | undefined): string | undefined => {
  const body = as(node, 'String');
  return body === undefined ? undefined : (body.sval ?? '');
};

/** Text members of a list of String nodes. */
export const strings = (nodes: readonly Node[] | undefined): string[] => allOf(nodes, 'String').map((s) => s.sval ?? '');

export interface QualifiedName {
  readonly schema: string | undefined;
  readonly name: string;
}

/** `a`, `s.a` or `db.s.a` from a list of String nodes. */
export function qualified(nodes: readonly Node[] | undefined): QualifiedName {
  const parts = strings(nodes);
  return { schema: parts.length > 1 ? parts[parts.length - 2] : undefined, name: parts[parts.length - 1] ?? '' };
}

export interface ConstValue {
  readonly kind: 'null' | 'bool' | 'number' | 'text';
  readonly value: string | number | boolean | null;
}

/** The value of a literal, a sign before it included; undefined for anything else. */
export function constOf(node: Node | undefined): ConstValue | undefined {
  const c = as(node, 'A_Const');
  if (c === undefined) return undefined;
  if (c.isnull) return { kind: 'null', value: null };
  if (c.boolval) return { kind: 'bool', value: c.boolval.boolval ?? false };
  if (c.ival) return { kind: 'number', value: c.ival.ival ?? 0 };
  if (c.fval) return { kind: 'number', value: Number(c.fval.fval ?? '0') };
  if (c.sval) return { kind: 'text', value: c.sval.sval ?? '' };
  if (c.bsval) return { kind: 'text', value: c.bsval.bsval ?? '' };
  return undefined;
}

/** Text of a literal, casts of it to text, name and the like looked through. */
export function constText(node: Node | undefined): string | undefined {
  const cast = as(node, 'TypeCast');
  if (cast !== undefined) return constText(cast.arg);
  const c = constOf(node);
  return c?.kind === 'text' && typeof c.value === 'string' ? c.value : undefined;
}

export const isObject = (v: unknown): v is Readonly<Record<string, unknown>> => typeof v === 'object' && v !== null;

/** Two trees are the same but for their places in the text. */
export function sameTree(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) {
    if (key === 'location' || key.startsWith('rexpr_list_') || key.startsWith('list_')) continue;
    if (!sameTree(a[key], b[key])) return false;
  }
  return true;
}

/** Whether any node of one of these kinds is in the tree. */
export function containsKind(tree: unknown, kinds: ReadonlySet<string>): boolean {
  if (!isObject(tree)) return false;
  for (const key in tree) {
    if (kinds.has(key)) return true;
    if (containsKind(tree[key], kinds)) return true;
  }
  return false;
}
