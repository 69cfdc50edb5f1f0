/** One entry per kind of statement that PostgreSQL has: its name in messages and what it does. Unknown kinds have none. */
import type { DefElem, RangeVar, VariableSetStmt } from 'libpg-query';
import type { SqlAction, SqlObject } from '../types.ts';
import { Collector } from './collect.ts';
import { objectWords, PLAIN_DDL } from './labels.ts';
import { isStrict, mayReturn } from './strict-settings.ts';
import { bodyFacts, functionsNamed } from './defined-code.ts';
import { definesOpaqueCode } from './opaque-code.ts';
import { functionOperations, isWatched } from './function-calls.ts';
import { resolveFunction, resolveTable, functionLabel } from './resolve.ts';
import { allOf, as, bodyOf, constText, kindOf, qualified, stringOf } from './tree.ts';
import type { Node, NodeKind, NodeOf } from './tree.ts';

type Handler<K extends NodeKind> = (body: NodeOf<K>, out: Collector, node: Node) => string;
/** A handler that needs no more than the kind. */
type PlainHandler = (body: unknown, out: Collector, node: Node) => string;
const NONE: SqlObject = { kind: 'none' };

/** Adds everything that `node` does to `out` and returns its name; undefined when this kind of statement is not known. */
export function statementFacts(node: Node, out: Collector): string | undefined {
  const kind = kindOf(node);
  if (kind === undefined) return undefined;
  const ddl = PLAIN_DDL[kind];
  if (ddl !== undefined) return plainDdl(node, kind, ddl, out);
  return run(node, kind, out);
}

function run(node: Node, kind: NodeKind, out: Collector): string | undefined {
  const handler = HANDLERS[kind] as PlainHandler | undefined;
  return handler?.(bodyOf(node), out, node);
}

const simple = (action: SqlAction, label: string): PlainHandler => (_body, out) => {
  out.add(action, NONE, label);
  return label;
};

/** Functions that run while a utility statement runs (defaults, index expressions, options), or that what it defines will run. */
function calledIn(node: Node, out: Collector): void {
  const inner = new Collector(out.env);
  inner.walk(node);
  for (const name of functionsNamed(node)) if (isWatched(name.name)) functionOperations(inner, resolveFunction(name, out.env), []);
  for (const statement of bodyFacts(node)) statementFacts(statement, inner);
  for (const f of inner.functions) out.functions.add(f);
  for (const o of inner.operations) if (o.object.kind === 'function' || o.object.kind === 'setting') out.add(o.action, o.object, o.label);
  out.fileAccess ||= inner.fileAccess;
  out.programAccess ||= inner.programAccess;
  out.sideEffects ||= inner.sideEffects;
}

const tableObject = (range: RangeVar | undefined, out: Collector): SqlObject => {
  const t = resolveTable({ schema: range?.schemaname, name: range?.relname ?? '' }, out.env);
  return { kind: 'table', schema: t.schema, name: t.name };
};

function touch(action: SqlAction, range: RangeVar | undefined, label: string, out: Collector): string {
  out.writes = true;
  if (range === undefined) out.add(action, NONE, label);
  else out.table(action, range, label);
  return label;
}

function plainDdl(node: Node, kind: NodeKind, label: string, out: Collector): string {
  out.writes = true;
  calledIn(node, out);
  if (definesOpaqueCode(node, out.env)) out.add('sql:opaque', NONE, label);
  if (kind === 'AlterSubscriptionStmt' || kind === 'CreateSubscriptionStmt' || kind === 'AlterDatabaseStmt' || kind === 'CreatedbStmt') {
    out.add('sql:ddl', NONE, label);
  } else if (kind === 'DefineStmt') {
    const created = `CREATE ${objectWords(as(node, 'DefineStmt')?.kind)}`;
    out.add('sql:ddl', NONE, created);
    return created;
  } else if (kind === 'CreateSchemaStmt') schemaElements(as(node, 'CreateSchemaStmt'), out);
  else if (kind === 'CreateForeignTableStmt') {
    const body = as(node, 'CreateForeignTableStmt');
    foreignOptions(body?.options, out);
    out.table('sql:ddl', body?.base?.relation, label);
  }
  else if (kind === 'CreateFunctionStmt') return createFunction(as(node, 'CreateFunctionStmt'), out);
  else if (kind === 'AlterFunctionStmt') {
    const body = as(node, 'AlterFunctionStmt');
    const { schema, name } = qualified(body?.func?.objname);
    out.add('sql:ddl', schema === undefined ? { kind: 'function', name } : { kind: 'function', schema, name }, label);
    functionSettings(body?.actions, label, out);
  } else if (NAMED_OBJECTS[kind] !== undefined) {
    const name = (bodyOf(node) as Readonly<Record<string, unknown>> | undefined)?.[NAMED_OBJECTS[kind]];
    out.add('sql:ddl', typeof name === 'string' ? { kind: 'object', name } : NONE, label);
    // With CASCADE, jsonb_plpython3u brings plpython3u.
    const language = kind === 'CreateExtensionStmt' && typeof name === 'string' ? /_(pl\w+)$/.exec(name)?.[1] : undefined;
    if (language !== undefined) out.add('sql:ddl', { kind: 'object', name: language }, label);
  }
  else {
    const sequence = as(node, 'CreateSeqStmt')?.sequence;
    if (sequence?.relpersistence === 't') return touch('sql:ddl', sequence, 'CREATE TEMP SEQUENCE', out);
    const relation = (bodyOf(node) as { readonly relation?: RangeVar } | undefined)?.relation;
    if (relation?.relname === undefined) out.add('sql:ddl', NONE, label);
    else out.table('sql:ddl', relation, label);
  }
  return label;
}

/** Options of a foreign table by which the server reads a file or runs a program (file_fdw). */
function foreignOptions(options: readonly Node[] | undefined, out: Collector): void {
  for (const option of allOf(options, 'DefElem')) {
    if (option.defname === 'filename') out.fileAccess = true;
    if (option.defname === 'program') out.programAccess = true;
  }
}

/** Statements whose object policy may want to know by its name: the field that holds it. */
const NAMED_OBJECTS: Partial<Record<NodeKind, string>> = {
  AlterExtensionContentsStmt: 'extname',
  AlterExtensionStmt: 'extname',
  AlterForeignServerStmt: 'servername',
  AlterPublicationStmt: 'pubname',
  CreateEventTrigStmt: 'trigname',
  CreateExtensionStmt: 'extname',
  CreateFdwStmt: 'fdwname',
  CreateForeignServerStmt: 'servername',
  CreatePLangStmt: 'plname',
  CreatePublicationStmt: 'pubname',
  CreateUserMappingStmt: 'servername',
};

/** CREATE FUNCTION ... SET name = value sets it for every run of the function. */
function functionSettings(options: readonly Node[] | undefined, label: string, out: Collector): void {
  for (const option of allOf(options, 'DefElem')) {
    const setting = as(option.arg, 'VariableSetStmt');
    if (setting !== undefined) out.add('sql:admin', { kind: 'setting', name: (setting.name ?? 'all').toLowerCase() }, `${label} SET`);
  }
}

/** Languages whose functions are bound by the database's privileges. */
const TRUSTED_LANGUAGES: ReadonlySet<string> = new Set(['sql', 'plpgsql', 'plperl', 'pltcl', 'plv8', 'plcoffee', 'plls', 'plrust', 'pllua', 'pljava']);

function schemaElements(body: NodeOf<'CreateSchemaStmt'> | undefined, out: Collector): void {
  out.add('sql:ddl', { kind: 'schema', name: body?.schemaname ?? '' }, 'CREATE SCHEMA');
  for (const element of body?.schemaElts ?? []) {
    statementFacts(element, out);
  }
}

function createFunction(body: NodeOf<'CreateFunctionStmt'> | undefined, out: Collector): string {
  const { schema, name } = qualified(body?.funcname);
  const label = body?.is_procedure ? 'CREATE PROCEDURE' : 'CREATE FUNCTION';
  functionSettings(body?.options, label, out);
  const language = stringOf(allOf(body?.options, 'DefElem').find((o) => o.defname === 'language')?.arg)?.toLowerCase() ?? 'sql';
  // Code in these reaches the server's machine.
  if (!TRUSTED_LANGUAGES.has(language)) out.add('sql:admin', { kind: 'object', name: language }, `${label} LANGUAGE`);
  out.add('sql:ddl', schema === undefined ? { kind: 'function', name } : { kind: 'function', schema, name }, label);
  return label;
}

const DROP_KIND: Partial<Record<string, SqlObject['kind']>> = {
  TABLE: 'table',
  'FOREIGN TABLE': 'table',
  VIEW: 'table',
  'MATERIALIZED VIEW': 'table',
  SCHEMA: 'schema',
  FUNCTION: 'function',
  PROCEDURE: 'function',
  ROUTINE: 'function',
  AGGREGATE: 'function',
};

function drop(body: NodeOf<'DropStmt'>, out: Collector): string {
  out.writes = true;
  const words = objectWords(body.removeType);
  const label = `DROP ${words}`;
  const kind = DROP_KIND[words] ?? 'object';
  for (const object of body.objects ?? []) {
    const list = as(object, 'List')?.items;
    const named = as(object, 'ObjectWithArgs')?.objname ?? as(object, 'TypeName')?.names ?? list ?? [object];
    const name = qualified(named);
    if (kind === 'table') {
      const t = resolveTable(name, out.env);
      out.tables.add(`${t.schema}.${t.name}`);
      out.add('sql:drop', { kind, schema: t.schema, name: t.name }, label);
    } else out.add('sql:drop', name.schema === undefined ? { kind, name: name.name } : { kind, schema: name.schema, name: name.name }, label);
  }
  return label;
}

function dropNamed(kind: SqlObject['kind'], label: string, nameOf: (body: Readonly<Record<string, unknown>>) => unknown): PlainHandler {
  return (body, out) => {
    out.writes = true;
    const name = nameOf(body as Readonly<Record<string, unknown>>);
    out.add('sql:drop', { kind, name: typeof name === 'string' ? name : '' }, label);
    return label;
  };
}

/** ALTER of a relation or of something that names itself by `object`. */
function alterObject(type: string, relation: RangeVar | undefined, object: Node | undefined, out: Collector, verb = 'ALTER'): string {
  const label = `${verb} ${type}`;
  if (relation?.relname !== undefined) return touch('sql:ddl', relation, label, out);
  out.writes = true;
  const name = qualified(as(object, 'ObjectWithArgs')?.objname ?? as(object, 'List')?.items ?? (object ? [object] : []));
  const kind = type === 'SCHEMA' ? 'schema' : type === 'DATABASE' ? 'database' : type === 'FUNCTION' ? 'function' : 'object';
  out.add('sql:ddl', name.schema === undefined ? { kind, name: name.name } : { kind, schema: name.schema, name: name.name }, label);
  return label;
}

function grant(body: NodeOf<'GrantStmt'>, out: Collector): string {
  out.writes = true;
  const label = body.is_grant ? 'GRANT' : 'REVOKE';
  const ranges = allOf(body.objects, 'RangeVar');
  for (const range of ranges) out.add('sql:grant', tableObject(range, out), label);
  if (ranges.length === 0) {
    const kind = body.objtype === 'OBJECT_SCHEMA' ? 'schema' : body.objtype === 'OBJECT_DATABASE' ? 'database' : 'object';
    const names = (body.objects ?? []).map((o) => stringOf(o) ?? qualified(as(o, 'ObjectWithArgs')?.objname).name);
    for (const name of names.length > 0 ? names : ['']) out.add('sql:grant', { kind, name }, label);
  }
  return label;
}

const role = (label: string): PlainHandler => (body, out) => {
  out.writes = true;
  const b = body as { readonly role?: string | { readonly rolename?: string }; readonly roles?: readonly Node[]; readonly grantee_roles?: readonly Node[] };
  const single = typeof b.role === 'string' ? b.role : b.role?.rolename;
  const names = single === undefined ? allOf([...(b.roles ?? []), ...(b.grantee_roles ?? [])], 'RoleSpec').map((r) => r.rolename ?? '') : [single];
  for (const name of names.length > 0 ? names : ['']) out.add('sql:role', { kind: 'role', name }, label);
  return label;
};

/** SET, RESET. Role changes are their own action whatever their spelling. */
function set(body: VariableSetStmt, out: Collector): string {
  const name = (body.name ?? '').toLowerCase();
  const reset = body.kind === 'VAR_RESET' || body.kind === 'VAR_RESET_ALL';
  const verb = reset ? 'RESET' : 'SET';
  if (name === 'role' || name === 'session_authorization') {
    const label = `${verb} ${name === 'role' ? 'ROLE' : 'SESSION AUTHORIZATION'}`;
    out.add('sql:role', { kind: 'role', name: body.args?.[0] ? (constText(body.args[0]) ?? '') : '' }, label);
    return label;
  }
  const setting = body.kind === 'VAR_RESET_ALL' ? 'all' : name;
  const isBack = reset || body.kind === 'VAR_SET_DEFAULT';
  if (isBack ? mayReturn(setting) : body.kind === 'VAR_SET_VALUE' && body.args?.length === 1 && isStrict(setting, constText(body.args[0]))) {
    out.add('sql:session', { kind: 'setting', name: setting }, verb);
    return verb;
  }
  out.setting = setting;
  out.add('sql:set', { kind: 'setting', name: setting }, verb);
  return verb;
}

function copy(body: NodeOf<'CopyStmt'>, out: Collector): string {
  const from = body.is_from === true;
  const file = body.filename ?? '';
  if (body.is_program) {
    out.programAccess = true;
    out.add('sql:copy_program', NONE, from ? 'COPY FROM PROGRAM' : 'COPY TO PROGRAM');
  } else if (body.filename !== undefined) {
    out.fileAccess = true;
    out.add('sql:copy_file', { kind: 'object', name: file }, from ? 'COPY FROM file' : 'COPY TO file');
  }
  out.writes ||= from || body.is_program === true || body.filename !== undefined;
  if (body.relation) out.table(from ? 'sql:insert' : 'sql:select', body.relation, from ? 'COPY FROM' : 'COPY TO');
  out.walk(body.query);
  out.walk(body.whereClause);
  return 'COPY';
}

/** A boolean option is on when it is named without a value or with a true one. */
export function optionOn(options: readonly Node[] | undefined, name: string): boolean {
  let on = false;
  for (const o of allOf(options, 'DefElem')) if (o.defname?.toLowerCase() === name) on = optionTruth(o);
  return on;
}

function optionTruth(option: DefElem): boolean {
  if (option.arg === undefined) return true;
  const text = (stringOf(option.arg) ?? constText(option.arg))?.toLowerCase();
  if (text !== undefined) return !(text === 'false' || text === 'off' || text === '0');
  const integer = as(option.arg, 'Integer');
  if (integer) return (integer.ival ?? 0) !== 0;
  const bool = as(option.arg, 'Boolean');
  return bool === undefined || bool.boolval === true;
}

function explain(body: NodeOf<'ExplainStmt'>, out: Collector): string {
  out.add('sql:session', NONE, 'EXPLAIN');
  if (body.query === undefined) return 'EXPLAIN';
  if (optionOn(body.options, 'analyze')) {
    statementFacts(body.query, out);
    return 'EXPLAIN ANALYZE';
  }
  const inner = new Collector(out.env);
  statementFacts(body.query, inner);
  // Planning runs functions to estimate, so calls stay; writes do not happen.
  out.absorb(inner, (o) => o.action === 'sql:select' || o.object.kind === 'function' || o.object.kind === 'setting');
  return 'EXPLAIN';
}

function vacuum(body: NodeOf<'VacuumStmt'>, out: Collector): string {
  const full = optionOn(body.options, 'full');
  const label = body.is_vacuumcmd ? (full ? 'VACUUM FULL' : 'VACUUM') : 'ANALYZE';
  const ranges = allOf(body.rels, 'VacuumRelation').map((v) => v.relation);
  const action = full ? 'sql:admin' : 'sql:ddl';
  for (const range of ranges.length > 0 ? ranges : [undefined]) touch(action, range, label, out);
  return label;
}

function call(body: NodeOf<'CallStmt'>, out: Collector): string {
  out.writes = true;
  out.walk({ args: body.funccall?.args });
  const found = resolveFunction(qualified(body.funccall?.funcname), out.env);
  out.functions.add(functionLabel(found));
  const object: SqlObject = found.schema === undefined ? { kind: 'function', name: found.name } : { kind: 'function', schema: found.schema, name: found.name };
  const plain = found.candidates.length > 0 && found.candidates.every((c) => c.language === 'sql');
  out.add(plain ? 'sql:call' : 'sql:opaque', object, `CALL ${functionLabel(found)}`);
  return 'CALL';
}

function createTable(body: NodeOf<'CreateStmt'>, out: Collector, node: Node): string {
  calledIn(node, out);
  return touch('sql:ddl', body.relation, body.relation?.relpersistence === 't' ? 'CREATE TEMP TABLE' : 'CREATE TABLE', out);
}

function createTableAs(body: NodeOf<'CreateTableAsStmt'>, out: Collector): string {
  const temp = body.into?.rel?.relpersistence === 't';
  const label = body.objtype === 'OBJECT_MATVIEW' ? 'CREATE MATERIALIZED VIEW' : temp ? 'CREATE TEMP TABLE' : 'CREATE TABLE AS';
  touch('sql:ddl', body.into?.rel, label, out);
  if (body.query) statementFacts(body.query, out);
  return label;
}

function createView(body: NodeOf<'ViewStmt'>, out: Collector): string {
  const inner = new Collector(out.env);
  inner.walk(body.query);
  for (const t of inner.tables) out.tables.add(t);
  for (const f of inner.functions) out.functions.add(f);
  for (const o of inner.operations) if (o.object.kind === 'function') out.add(o.action, o.object, o.label);
  return touch('sql:ddl', body.view, body.view?.relpersistence === 't' ? 'CREATE TEMP VIEW' : 'CREATE VIEW', out);
}

function transaction(body: NodeOf<'TransactionStmt'>, out: Collector): string {
  const names: Partial<Record<string, string>> = { TRANS_STMT_BEGIN: 'BEGIN', TRANS_STMT_START: 'START TRANSACTION', TRANS_STMT_ROLLBACK_TO: 'ROLLBACK', TRANS_STMT_PREPARE: 'PREPARE TRANSACTION' };
  const label = names[body.kind ?? ''] ?? (body.kind ?? '').replace('TRANS_STMT_', '').replaceAll('_', ' ');
  out.add('sql:session', NONE, label);
  return label;
}

function adminOn(label: string): PlainHandler {
  return (body, out) => touch('sql:admin', (body as { readonly relation?: RangeVar }).relation, label, out);
}

/** A query: its verb is the name, its tree says the rest. */
const query = (label: string): PlainHandler => (_body, out, node) => {
  out.walk(node);
  return label;
};

const HANDLERS: { readonly [K in NodeKind]?: Handler<K> } = {
  SelectStmt: (body, out, node) => {
    out.walk(node);
    return body.intoClause ? 'SELECT INTO' : 'SELECT';
  },
  InsertStmt: query('INSERT'),
  UpdateStmt: query('UPDATE'),
  DeleteStmt: query('DELETE'),
  MergeStmt: query('MERGE'),
  TruncateStmt: (body, out) => {
    for (const range of allOf(body.relations, 'RangeVar')) touch('sql:truncate', range, 'TRUNCATE', out);
    return 'TRUNCATE';
  },
  CreateStmt: createTable,
  CreateTableAsStmt: createTableAs,
  ViewStmt: createView,
  AlterTableStmt: (body, out, node) => {
    calledIn(node, out);
    const commands = allOf(body.cmds, 'AlterTableCmd');
    for (const command of commands) if (command.subtype === 'AT_GenericOptions') foreignOptions(as(command.def, 'List')?.items, out);
    // ALTER TABLE takes a foreign table, too: these say what it shows.
    const isForeign = commands.some((c) => c.subtype === 'AT_GenericOptions' || c.subtype === 'AT_AlterColumnGenericOptions');
    return alterObject(isForeign ? 'FOREIGN TABLE' : objectWords(body.objtype), body.relation, undefined, out);
  },
  RenameStmt: (body, out) => {
    const part = body.relation !== undefined && body.subname !== undefined;
    const named: Node | undefined = body.object ?? (body.subname === undefined ? undefined : { String: { sval: body.subname } });
    if (body.renameType === 'OBJECT_ROLE') return run({ AlterRoleStmt: { role: { rolename: body.subname } } }, 'AlterRoleStmt', out) ?? '';
    return alterObject(objectWords(part ? body.relationType : body.renameType), body.relation, named, out);
  },
  AlterObjectSchemaStmt: (body, out) => alterObject(objectWords(body.objectType), body.relation, body.object, out),
  AlterOwnerStmt: (body, out) => alterObject(objectWords(body.objectType), body.relation, body.object, out),
  DropStmt: drop,
  DropdbStmt: dropNamed('database', 'DROP DATABASE', (b) => b['dbname']),
  DropTableSpaceStmt: dropNamed('object', 'DROP TABLESPACE', (b) => b['tablespacename']),
  DropSubscriptionStmt: dropNamed('object', 'DROP SUBSCRIPTION', (b) => b['subname']),
  DropUserMappingStmt: dropNamed('object', 'DROP USER MAPPING', (b) => b['servername']),
  GrantStmt: grant,
  GrantRoleStmt: role('GRANT ROLE'),
  AlterDefaultPrivilegesStmt: (_body, out) => touch('sql:grant', undefined, 'ALTER DEFAULT PRIVILEGES', out),
  CreateRoleStmt: role('CREATE ROLE'),
  AlterRoleStmt: role('ALTER ROLE'),
  DropRoleStmt: role('DROP ROLE'),
  ReassignOwnedStmt: role('REASSIGN OWNED'),
  DropOwnedStmt: role('DROP OWNED'),
  AlterRoleSetStmt: (body, out) => {
    out.add('sql:admin', { kind: 'role', name: body.role?.rolename ?? '' }, 'ALTER ROLE SET');
    out.add('sql:admin', { kind: 'setting', name: (body.setstmt?.name ?? 'all').toLowerCase() }, 'ALTER ROLE SET');
    out.writes = true;
    return 'ALTER ROLE SET';
  },
  AlterDatabaseSetStmt: (body, out) => {
    out.add('sql:admin', { kind: 'database', name: body.dbname ?? '' }, 'ALTER DATABASE SET');
    out.add('sql:admin', { kind: 'setting', name: (body.setstmt?.name ?? 'all').toLowerCase() }, 'ALTER DATABASE SET');
    out.writes = true;
    return 'ALTER DATABASE SET';
  },
  AlterSystemStmt: (body, out) => {
    out.add('sql:admin', { kind: 'setting', name: (body.setstmt?.name ?? 'all').toLowerCase() }, 'ALTER SYSTEM');
    out.writes = true;
    return 'ALTER SYSTEM';
  },
  CheckPointStmt: adminOn('CHECKPOINT'),
  ClusterStmt: adminOn('CLUSTER'),
  ReindexStmt: adminOn('REINDEX'),
  LoadStmt: (body, out) => {
    out.fileAccess = true;
    out.writes = true;
    out.add('sql:admin', { kind: 'object', name: body.filename ?? '' }, 'LOAD');
    return 'LOAD';
  },
  VacuumStmt: vacuum,
  CopyStmt: copy,
  VariableSetStmt: set,
  ConstraintsSetStmt: simple('sql:session', 'SET CONSTRAINTS'),
  DiscardStmt: (body, out) => {
    const label = `DISCARD ${(body.target ?? 'DISCARD_ALL').replace('DISCARD_', '')}`;
    out.setting = body.target === 'DISCARD_ALL' ? 'all' : undefined;
    out.add('sql:set', { kind: 'setting', name: 'all' }, label);
    return label;
  },
  VariableShowStmt: simple('sql:session', 'SHOW'),
  TransactionStmt: transaction,
  ExplainStmt: explain,
  PrepareStmt: (body, out) => {
    out.add('sql:session', NONE, 'PREPARE');
    if (body.query) statementFacts(body.query, out);
    return 'PREPARE';
  },
  ExecuteStmt: (body, out) => {
    out.add('sql:session', NONE, 'EXECUTE');
    out.walk({ params: body.params });
    return 'EXECUTE';
  },
  DeallocateStmt: simple('sql:session', 'DEALLOCATE'),
  DeclareCursorStmt: (body, out) => {
    out.add('sql:session', NONE, 'DECLARE CURSOR');
    if (body.query) statementFacts(body.query, out);
    return 'DECLARE CURSOR';
  },
  FetchStmt: (body, out) => {
    const label = body.ismove ? 'MOVE' : 'FETCH';
    out.add('sql:session', NONE, label);
    return label;
  },
  ClosePortalStmt: simple('sql:session', 'CLOSE'),
  ListenStmt: simple('sql:notify', 'LISTEN'),
  UnlistenStmt: simple('sql:notify', 'UNLISTEN'),
  NotifyStmt: simple('sql:notify', 'NOTIFY'),
  LockStmt: (body, out) => {
    for (const range of allOf(body.relations, 'RangeVar')) out.table('sql:lock', range, 'LOCK');
    out.sideEffects = true;
    return 'LOCK';
  },
  DoStmt: (body, out) => {
    out.writes = true;
    const option = allOf(body.args, 'DefElem').find((d) => d.defname === 'language');
    const language = stringOf(option?.arg)?.toLowerCase() ?? 'plpgsql';
    out.add('sql:opaque', NONE, `DO ${language}`);
    if (!TRUSTED_LANGUAGES.has(language)) out.add('sql:admin', { kind: 'object', name: language }, 'DO LANGUAGE');
    return 'DO';
  },
  CallStmt: call,
};
