/** The catalog snapshot: what to ask the server, and how its answer becomes a CatalogView. PostgreSQL 12 to 18. */
import { MalformedError } from '../../base/errors.ts';
import type { CatalogFunction, CatalogRelation, CatalogView, HiddenCode } from '../types.ts';
import { FIRST_USER_OID } from '../user-oids.ts';

const SCHEMA = `CASE WHEN n.oid = pg_catalog.pg_my_temp_schema() THEN 'pg_temp' ELSE n.nspname END`;
const SYSTEM = `('pg_catalog', 'information_schema')`;
const KINDS = `('r', 'v', 'm', 'f', 'p', 'c', 'S')`;

/** Each text gives rows of the columns that its comment names, in that order. */
export interface CatalogQueries {
  /** For a connection that serves nothing else: definitions are then printed with every name's schema. Not needed elsewhere. */
  readonly setup: string;
  /** schema, its place in the path under which this connection prints definitions, or null */
  readonly schemas: string;
  /** oid, schema, name, relkind, definition or null, parents as `1,2` or null, oid of its row type and of arrays of it, or 0 */
  readonly relations: string;
  /** relation oid, attnum, name, type oid, generation expression or null, type modifier or null, not null, computed when read */
  readonly columns: string;
  /** schema, name, language, volatility, kind, returns a set, body or null, columns as a JSON array of names or null, argument type oids, defaults, variadic, argument types or null, values of the defaults or null, result type oids */
  readonly functions: string;
  /** schema, symbol */
  readonly operators: string;
  /** schema, type */
  readonly casts: string;
  /** relation oid, kind, name, and of the function: schema, name, language, or nulls */
  readonly hidden: string;
  /** schema, name, oid, whether it hides a type of the server, oid of the relation whose rows it holds or null, whether values become one unasked */
  readonly types: string;
}

/**
 * The texts to run, all on one connection, for a server of `serverVersion` (server_version_num). They need no
 * privilege but to connect, and all but `setup` change nothing and mean the same inside a transaction. Temporary
 * objects of the asking session come out in schema `pg_temp`, those of others in `pg_temp_N`.
 */
export function catalogQueries(serverVersion: number): CatalogQueries {
  // A body that is kept as a tree (14 and later) has no text of its own: the server prints the whole CREATE FUNCTION.
  const treeBody = serverVersion >= 140000 ? 'pg_catalog.pg_get_functiondef(p.oid)' : 'NULL';
  return {
  setup: `SET search_path TO ''`,
  schemas: `SELECT ${SCHEMA} AS schema, pg_catalog.array_position(pg_catalog.current_schemas(true), n.nspname) AS place
 FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_toast' ORDER BY 1`,
  relations: `SELECT c.oid AS oid, ${SCHEMA} AS schema, c.relname AS name, c.relkind AS kind,
 CASE WHEN c.relkind IN ('v', 'm') AND (c.oid >= ${FIRST_USER_OID} OR n.nspname NOT IN ${SYSTEM}) THEN pg_catalog.pg_get_viewdef(c.oid) END AS definition,
 (SELECT pg_catalog.string_agg(i.inhparent::pg_catalog.text, ',') FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) AS parents,
 c.reltype AS row_type, coalesce(t.typarray, 0::pg_catalog.oid) AS row_array
 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_type t ON t.oid = c.reltype
 WHERE c.relkind IN ${KINDS} AND n.nspname !~ '^pg_toast' ORDER BY 1`,
  columns: `SELECT a.attrelid AS relation, a.attnum AS attnum, a.attname AS name, a.atttypid AS type,
 CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS generated,
 CASE WHEN a.atttypmod >= 0 THEN a.atttypmod END AS typmod, a.attnotnull AS not_null, a.attgenerated = 'v' AS virtual
 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated <> ''
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ${KINDS} AND n.nspname !~ '^pg_toast' ORDER BY 1, 2`,
  functions: `SELECT ${SCHEMA} AS schema, p.proname AS name,
 CASE WHEN p.prokind <> 'a' THEN ${LANGUAGE} WHEN p.oid NOT IN (
  SELECT g.aggfnoid::pg_catalog.oid FROM pg_catalog.pg_aggregate g JOIN pg_catalog.pg_proc f ON f.oid IN (g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn)
  WHERE NOT CASE WHEN ${extensionHas('pg_proc', 'g.aggfnoid')} THEN f.prolang IN ${COMPILED} ELSE f.oid IN (${COMPUTING}) END) THEN
  CASE WHEN ${extensionHas('pg_proc', 'p.oid')} THEN 'c' ELSE 'internal' END ELSE 'aggregate' END AS language,
 p.provolatile AS volatility, p.prokind AS kind, p.proretset AS returns_set,
 CASE WHEN p.prolang = 14 AND p.proconfig IS NULL THEN CASE WHEN p.prosrc <> '' THEN p.prosrc ELSE ${treeBody} END END AS body,
 CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.unnest(p.proargmodes) m WHERE m IN ('o', 'b', 't')) THEN
   (SELECT pg_catalog.json_agg(u.argname ORDER BY u.place) FROM ROWS FROM (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proargmodes)) WITH ORDINALITY AS u(argname, mode, place) WHERE u.mode IN ('o', 'b', 't'))
  WHEN t.typtype = 'c' THEN (SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
  WHEN t.typtype IN ('b', 'e', 'r', 'm') THEN '[]'::pg_catalog.json END AS columns,
 p.proargtypes::pg_catalog.text AS args, p.pronargdefaults AS defaults, p.provariadic <> 0 AS variadic,
 (SELECT pg_catalog.string_agg(pg_catalog.format_type(a.type, NULL), ', ' ORDER BY a.place) FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS a(type, place)) AS signature,
 pg_catalog.pg_get_expr(p.proargdefaults, 0) AS default_values,
 COALESCE((SELECT pg_catalog.string_agg(u.type::pg_catalog.text, ' ' ORDER BY u.place) FROM ROWS FROM (pg_catalog.unnest(p.proallargtypes), pg_catalog.unnest(p.proargmodes)) WITH ORDINALITY AS u(type, mode, place) WHERE u.mode IN ('o', 'b', 't')), p.prorettype::pg_catalog.text) AS results
 FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
 JOIN pg_catalog.pg_type t ON t.oid = p.prorettype WHERE n.nspname <> 'pg_catalog' OR p.oid >= ${FIRST_USER_OID} ORDER BY 1, 2, p.oid`,
  operators: `SELECT ${SCHEMA} AS schema, o.oprname AS name FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
 JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
 WHERE o.oid >= ${FIRST_USER_OID} AND CASE WHEN ${extensionHas('pg_operator', 'o.oid')} THEN p.prolang NOT IN ${COMPILED} ELSE p.oid NOT IN (${COMPUTING}) OR (o.oprleft < ${FIRST_USER_OID} AND o.oprright < ${FIRST_USER_OID}
  AND EXISTS (SELECT 1 FROM pg_catalog.pg_operator s WHERE s.oprname = o.oprname AND s.oprnamespace = 'pg_catalog'::pg_catalog.regnamespace)) END ORDER BY 1, 2`,
  casts: `SELECT DISTINCT ${SCHEMA} AS schema, t.typname AS name FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_type t ON t.oid = c.casttarget
 JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc
 WHERE c.oid >= ${FIRST_USER_OID} AND ((c.castsource < ${FIRST_USER_OID} AND c.casttarget < ${FIRST_USER_OID}) OR (c.castfunc <> 0 AND CASE WHEN ${extensionHas('pg_cast', 'c.oid')} THEN p.prolang NOT IN ${COMPILED}
  ELSE c.castfunc NOT IN (SELECT b.castfunc FROM pg_catalog.pg_cast b WHERE b.oid < ${FIRST_USER_OID}) END)) ORDER BY 1, 2`,
  hidden: hiddenQuery(),
  types: typesQuery(serverVersion),
  };
}

/** Whether an extension brought the object: its operators and aggregates are for values of its own types. */
const extensionHas = (catalog: string, oid: string): string =>
  `EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

/** Languages of compiled code. Names of languages can be changed, these numbers are the server's own. */
const COMPILED = '(12, 13)';
const ofServer = `p.oid < ${FIRST_USER_OID}`;

/** What a body is written in. Compiled code that neither the server nor an extension brought may be any function of either under another name. */
const LANGUAGE = `CASE WHEN p.prolang = 14 THEN 'sql' WHEN p.prolang IN ${COMPILED} THEN CASE WHEN ${ofServer} THEN 'internal' WHEN ${extensionHas('pg_proc', 'p.oid')} THEN 'c' ELSE 'compiled' END
  WHEN l.lanname IN ('sql', 'c', 'internal') THEN 'other' ELSE l.lanname END`;

/** Functions that the server itself has behind its operators and aggregates: they compute from their arguments, and read nothing. */
const COMPUTING = `SELECT b.oprcode::pg_catalog.oid FROM pg_catalog.pg_operator b WHERE b.oid < ${FIRST_USER_OID} UNION SELECT u.f::pg_catalog.oid FROM pg_catalog.pg_aggregate b,
  LATERAL (VALUES (b.aggtransfn), (b.aggfinalfn), (b.aggcombinefn), (b.aggmtransfn), (b.aggminvtransfn), (b.aggmfinalfn)) u(f) WHERE b.aggfnoid < ${FIRST_USER_OID}`;

/** What a dependency of `catalog` on a function says: only functions that people made are noted there. */
const callers = (catalog: string): string => `pg_catalog.pg_depend x ON x.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass AND x.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid`;

function hiddenQuery(): string {
  return `SELECT h.relation AS relation, h.kind AS kind, h.name AS name, CASE WHEN p.oid IS NOT NULL THEN ${SCHEMA} END AS schema, p.proname AS function, l.lanname AS language FROM (
  SELECT t.tgrelid AS relation, 'trigger' AS kind, t.tgname AS name, t.tgfoid AS function FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
  UNION ALL SELECT r.ev_class, 'rule', r.rulename, NULL FROM pg_catalog.pg_rewrite r WHERE r.rulename <> '_RETURN' AND r.ev_enabled <> 'D' AND r.ev_class >= ${FIRST_USER_OID}
  UNION ALL SELECT d.adrelid, 'default', a.attname, x.refobjid FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated = ''
   JOIN ${callers('pg_attrdef')} = d.oid
  UNION ALL SELECT c.conrelid, 'check', c.conname, x.refobjid FROM pg_catalog.pg_constraint c JOIN ${callers('pg_constraint')} = c.oid WHERE c.conrelid <> 0
  UNION ALL SELECT a.attrelid, 'check', c.conname, x.refobjid FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_attribute a ON a.atttypid = c.contypid JOIN ${callers('pg_constraint')} = c.oid WHERE c.contypid <> 0
  UNION ALL SELECT a.attrelid, 'default', a.attname, x.refobjid FROM pg_catalog.pg_type d JOIN pg_catalog.pg_attribute a ON a.atttypid = d.oid JOIN ${callers('pg_type')} = d.oid WHERE d.typtype = 'd' AND d.typdefault IS NOT NULL AND a.attnum > 0
  UNION ALL SELECT o.polrelid, 'policy', o.polname, x.refobjid FROM pg_catalog.pg_policy o JOIN ${callers('pg_policy')} = o.oid
 ) h LEFT JOIN pg_catalog.pg_proc p ON p.oid = h.function LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_catalog.pg_language l ON l.oid = p.prolang ORDER BY 1, 2, 3`;
}

/** Types that hold rows of others inside (domains over them, arrays of such domains, ranges), that hide one of the server's, or that values become unasked. */
function typesQuery(serverVersion: number): string {
  const multiranges = serverVersion >= 140000 ? ' UNION ALL SELECT r.rngmultitypid, r.rngsubtype FROM pg_catalog.pg_range r' : '';
  return `WITH RECURSIVE inside AS (
  SELECT d.oid AS type, d.typbasetype AS of FROM pg_catalog.pg_type d WHERE d.typtype = 'd' UNION ALL SELECT a.oid, a.typelem FROM pg_catalog.pg_type a WHERE a.typelem <> 0
  UNION ALL SELECT r.rngtypid, r.rngsubtype FROM pg_catalog.pg_range r${multiranges}
 ), holds(type, relation) AS (
  SELECT t.oid, t.typrelid FROM pg_catalog.pg_type t WHERE t.typrelid <> 0 AND t.oid >= ${FIRST_USER_OID} UNION SELECT i.type, h.relation FROM holds h JOIN inside i ON i.of = h.type
 ) SELECT x.* FROM (SELECT ${SCHEMA} AS schema, t.typname AS name, t.oid AS oid,
  (n.nspname ~ '^pg_temp_' AND EXISTS (SELECT 1 FROM pg_catalog.pg_type s WHERE s.typname = t.typname AND s.typnamespace = 'pg_catalog'::pg_catalog.regnamespace)) OR (t.typname = 'citext' AND t.typtype <> 'b') AS hides,
  CASE WHEN t.typrelid = 0 AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typrelid <> 0) THEN h.relation END AS relation,
  EXISTS (SELECT 1 FROM pg_catalog.pg_cast c WHERE c.casttarget = t.oid AND c.castcontext = 'i' AND c.castsource < ${FIRST_USER_OID}) AS implicit
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace LEFT JOIN holds h ON h.type = t.oid WHERE t.oid >= ${FIRST_USER_OID}) x
 WHERE x.hides OR x.relation IS NOT NULL OR x.implicit ORDER BY 3`;
}

/** Rows of each query as arrays: text or null as the server sends it, or values that a driver has already read. */
export interface CatalogRows {
  readonly schemas: readonly unknown[];
  readonly relations: readonly unknown[];
  readonly columns: readonly unknown[];
  readonly functions: readonly unknown[];
  readonly operators: readonly unknown[];
  readonly casts: readonly unknown[];
  readonly hidden: readonly unknown[];
  readonly types: readonly unknown[];
}

type Column = CatalogRelation['columns'][number];

/** @throws MalformedError when a row does not look as `catalogQueries` promises: no snapshot is better than a wrong one. */
export function buildCatalog(rows: CatalogRows): CatalogView {
  const columns = new Map<number, Column[]>();
  for (const row of rows.columns) {
    const r = new Row('columns', row, 8);
    const oid = r.number(0);
    const generated = r.textOrNull(4);
    const typmod = r.numberOrNull(5);
    const column = {
      attnum: r.number(1),
      name: r.text(2),
      typeOid: r.number(3),
      ...(generated === null ? {} : { generated }),
      ...(typmod === null ? {} : { typmod }),
      ...(r.boolean(6) ? { notNull: true } : {}),
      ...(r.boolean(7) ? { virtual: true } : {}),
    };
    const list = columns.get(oid);
    if (list === undefined) columns.set(oid, [column]);
    else list.push(column);
  }
  const hidden = hiddenByRelation(rows.hidden);
  const schemas = rows.schemas.map((row) => new Row('schemas', row, 2)).map((r) => ({ name: r.text(0), place: r.numberOrNull(1) }));
  const path = schemas.flatMap((s) => (s.place === null ? [] : [{ name: s.name, place: s.place }])).sort((a, b) => a.place - b.place);
  return makeCatalog({
    schemas: schemas.map((s) => s.name),
    relations: rows.relations.map((row) => relationOf(new Row('relations', row, 8), columns, hidden)),
    functions: rows.functions.map((row) => functionOf(new Row('functions', row, 14))),
    opaqueOperators: rows.operators.map((row) => new Row('operators', row, 2)).map((r) => `${r.text(0)}.${r.text(1)}`),
    opaqueCasts: rows.casts.map((row) => new Row('casts', row, 2)).map((r) => `${r.text(0)}.${r.text(1)}`),
    printedPath: path.map((s) => s.name),
    types: rows.types.map((row) => typeOf(new Row('types', row, 6))),
  });
}

const typeOf = (r: Row): CatalogType => {
  const relation = r.numberOrNull(4);
  return { schema: r.text(0), name: r.text(1), oid: r.number(2), hides: r.boolean(3), implicit: r.boolean(5), ...(relation === null ? {} : { relation }) };
};

const HIDDEN_KINDS: ReadonlySet<string> = new Set<HiddenCode['kind']>(['trigger', 'rule', 'default', 'check', 'policy']);
const isHiddenKind = (text: string): text is HiddenCode['kind'] => HIDDEN_KINDS.has(text);

function hiddenByRelation(rows: readonly unknown[]): ReadonlyMap<number, readonly HiddenCode[]> {
  const out = new Map<number, HiddenCode[]>();
  for (const row of rows) {
    const r = new Row('hidden', row, 6);
    const kind = r.text(1);
    if (!isHiddenKind(kind)) throw new MalformedError('malformed.value', `catalog query "hidden": ${kind} is no kind of code`);
    const schema = r.textOrNull(3);
    const code: HiddenCode = { kind, name: r.text(2), ...(schema === null ? {} : { function: { schema, name: r.text(4), language: r.text(5) } }) };
    const list = out.get(r.number(0));
    if (list === undefined) out.set(r.number(0), [code]);
    else list.push(code);
  }
  return out;
}

function relationOf(r: Row, columns: ReadonlyMap<number, Column[]>, hidden: ReadonlyMap<number, readonly HiddenCode[]>): CatalogRelation {
  const oid = r.number(0);
  const definition = r.textOrNull(4);
  const parents = r.textOrNull(5);
  const code = hidden.get(oid);
  return {
    oid,
    schema: r.text(1),
    name: r.text(2),
    kind: r.text(3),
    columns: (columns.get(oid) ?? []).sort((a, b) => a.attnum - b.attnum),
    ...(definition === null ? {} : { definition }),
    ...(parents === null ? {} : { parents: parents.split(',').map(Number) }),
    ...(code === undefined ? {} : { hidden: code }),
    rowTypes: [r.number(6), r.number(7)].filter((t) => t !== 0),
  };
}

function functionOf(r: Row): CatalogFunction {
  const body = r.textOrNull(6);
  const out = r.namesOrNull(7);
  const defaultValues = r.textOrNull(12);
  return {
    schema: r.text(0),
    name: r.text(1),
    language: r.text(2),
    volatility: r.text(3),
    kind: r.text(4),
    returnsSet: r.boolean(5),
    ...(body === null ? {} : { body }),
    ...(out === null ? {} : { outColumns: out }),
    args: r.text(8).split(' ').filter((t) => t !== '').map(Number),
    defaults: r.number(9),
    variadic: r.boolean(10),
    signature: r.textOrNull(11) ?? '',
    results: r.text(13).split(' ').map(Number),
    ...(defaultValues === null ? {} : { defaultValues }),
  };
}

export interface CatalogParts {
  readonly schemas: readonly string[];
  readonly relations: readonly CatalogRelation[];
  readonly functions: readonly CatalogFunction[];
  readonly opaqueOperators?: readonly string[];
  readonly opaqueCasts?: readonly string[];
  readonly printedPath?: readonly string[];
  readonly types?: readonly CatalogType[];
}

/** A type that is not what it seems. */
interface CatalogType {
  readonly schema: string;
  readonly name: string;
  readonly oid: number;
  /** A name of the server's means this type. */
  readonly hides: boolean;
  /** Values of the server's types become one unasked. */
  readonly implicit: boolean;
  /** OID of the table or composite type whose rows stand somewhere in its values. */
  readonly relation?: number;
}

/** A CatalogView over parsed parts. Schemas that only relations or functions name are added. */
export function makeCatalog(parts: CatalogParts): CatalogView {
  const key = (schema: string, name: string): string => `${schema}\0${name}`;
  const byName = new Map(parts.relations.map((r) => [key(r.schema, r.name), r]));
  const byOid = new Map(parts.relations.map((r) => [r.oid, r]));
  const functions = grouped(parts.functions, key);
  const byRowType = new Map(parts.relations.flatMap((r) => (r.rowTypes ?? []).map((t) => [t, r] as const)));
  const types = parts.types ?? [];
  for (const t of types) {
    const relation = t.relation === undefined ? undefined : byOid.get(t.relation);
    if (relation !== undefined) byRowType.set(t.oid, relation);
  }
  const schemas = [...new Set([...parts.schemas, ...parts.relations.map((r) => r.schema), ...parts.functions.map((f) => f.schema)])];
  return {
    relation: (schema, name) => byName.get(key(schema, name)),
    relationByOid: (oid) => byOid.get(oid),
    relationOfType: (oid) => byRowType.get(oid),
    functions: (schema, name) => functions.get(key(schema, name)) ?? [],
    schemas: () => schemas,
    relations: () => parts.relations,
    opaqueOperators: new Set(parts.opaqueOperators ?? []),
    opaqueCasts: new Set(parts.opaqueCasts ?? []),
    hidingTypes: new Set(types.filter((t) => t.hides).map((t) => `${t.schema}.${t.name}`)),
    implicitTypes: new Set(types.filter((t) => t.implicit).map((t) => t.oid)),
    printedPath: parts.printedPath ?? ['pg_catalog'],
  };
}

function grouped(functions: readonly CatalogFunction[], key: (schema: string, name: string) => string): ReadonlyMap<string, readonly CatalogFunction[]> {
  const out = new Map<string, CatalogFunction[]>();
  for (const f of functions) {
    const list = out.get(key(f.schema, f.name));
    if (list === undefined) out.set(key(f.schema, f.name), [f]);
    else list.push(f);
  }
  return out;
}

/** One row, read field by field with checks. */
class Row {
  readonly #query: string;
  readonly #values: readonly unknown[];

  constructor(query: string, row: unknown, width: number) {
    this.#query = query;
    if (!Array.isArray(row) || row.length !== width) throw new MalformedError('malformed.value', `catalog query "${query}": a row does not have ${width} fields`);
    this.#values = row;
  }

  #bad(index: number, wanted: string): MalformedError {
    return new MalformedError('malformed.value', `catalog query "${this.#query}": field ${index + 1} is not ${wanted}`);
  }

  text(index: number): string {
    const v = this.#values[index];
    if (typeof v !== 'string') throw this.#bad(index, 'text');
    return v;
  }

  textOrNull(index: number): string | null {
    return this.#values[index] === null ? null : this.text(index);
  }

  number(index: number): number {
    const v = this.#values[index];
    const n = typeof v === 'string' && /^-?\d{1,10}$/.test(v) ? Number(v) : v;
    if (typeof n !== 'number' || !Number.isSafeInteger(n)) throw this.#bad(index, 'a whole number');
    return n;
  }

  numberOrNull(index: number): number | null {
    return this.#values[index] === null ? null : this.number(index);
  }

  boolean(index: number): boolean {
    const v = this.#values[index];
    if (v === true || v === 't') return true;
    if (v === false || v === 'f') return false;
    throw this.#bad(index, 'a boolean');
  }

  namesOrNull(index: number): readonly string[] | null {
    const v = this.#values[index];
    if (v === null) return null;
    let parsed: unknown = v;
    if (typeof v === 'string') {
      try {
        parsed = JSON.parse(v);
      } catch {
        throw this.#bad(index, 'a JSON array');
      }
    }
    if (!Array.isArray(parsed) || !parsed.every((n): n is string => typeof n === 'string')) throw this.#bad(index, 'an array of names');
    return parsed;
  }
}
