/**
 * Cedar entities of one request. Flat: transitive ancestors go into `parents`, so that a question carries the
 * principal, the action and the resource and nothing else (formats.md section 4.3).
 */
import { assert } from '../../base/errors.ts';
import type { Action, ConnectionInfo, Principal, SqlObject } from '../types.ts';
import type { EntityJson, TypeAndId } from './cedar.ts';
import { SQL_ACTION_GROUPS, SSH_ACTION_GROUPS } from './schema.ts';
import type { ObjectType } from './schema.ts';

const uid = (type: string, id: string): TypeAndId => ({ type, id });

export function principalEntity(p: Principal): EntityJson {
  assert(p.subject !== '', 'the principal has no subject');
  return {
    uid: uid(p.kind, p.subject),
    attrs: { issuer: p.issuer, name: p.name },
    parents: p.groups.map((g) => uid('Group', g)),
  };
}

/** The action and every group it is in. */
export function actionNames(action: Action): readonly string[] {
  if (Object.hasOwn(SSH_ACTION_GROUPS, action)) return [action, ...SSH_ACTION_GROUPS[action as keyof typeof SSH_ACTION_GROUPS]];
  if (!Object.hasOwn(SQL_ACTION_GROUPS, action)) return [action];
  return [action, 'sql', ...SQL_ACTION_GROUPS[action as keyof typeof SQL_ACTION_GROUPS]];
}

export function actionEntity(action: Action): EntityJson {
  const [own = action, ...groups] = actionNames(action);
  return { uid: uid('Action', own), attrs: {}, parents: groups.map((g) => uid('Action', g)) };
}

/** A label as Cedar sees it. A key with `=` could be read in two ways, so it is refused. */
function labelUids(connection: ConnectionInfo): TypeAndId[] {
  return Object.entries(connection.labels).map(([key, value]) => {
    assert(!key.includes('='), `label ${JSON.stringify(key)} has a "=" in its key`);
    return uid('Label', `${key}=${value}`);
  });
}

export function connectionEntity(c: ConnectionInfo): EntityJson {
  return { uid: uid('Connection', c.name), attrs: { name: c.name }, parents: labelUids(c) };
}

export function hostEntity(c: ConnectionInfo): EntityJson {
  return { uid: uid('Host', c.name), attrs: { name: c.name }, parents: [uid('Connection', c.name), ...labelUids(c)] };
}

/** `classes`: ids of the data classes that the path matches or may match. */
export function fileEntity(c: ConnectionInfo, path: string, classes: readonly string[]): EntityJson {
  return {
    uid: uid('File', `${c.name}:${path}`),
    attrs: { path, name: path.slice(path.lastIndexOf('/') + 1) },
    parents: [...classes.map((id) => uid('DataClass', id)), uid('Host', c.name), uid('Connection', c.name), ...labelUids(c)],
  };
}

export function endpointEntity(c: ConnectionInfo, host: string, port: number): EntityJson {
  return { uid: uid('Endpoint', `${c.name}:${host}:${port}`), attrs: { host, port }, parents: [uid('Host', c.name), uid('Connection', c.name), ...labelUids(c)] };
}

export function dataClassEntity(c: ConnectionInfo, classId: string): EntityJson {
  return { uid: uid('DataClass', classId), attrs: { name: classId }, parents: [uid('Connection', c.name), ...labelUids(c)] };
}

/** A name part of an entity id; quoted as SQL does when a dot or slash in it could be taken for a separator. */
const part = (name: string): string => (/^[\w$-]+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

const OBJECT_TYPE: Record<SqlObject['kind'], ObjectType> = {
  table: 'Table',
  function: 'Function',
  schema: 'Schema',
  database: 'Database',
  role: 'Role',
  setting: 'Setting',
  object: 'Object',
  none: 'Object',
};

/**
 * The entity of a database object: `Table::"shop/public.orders"`, `Schema::"shop/public"`, `Setting::"shop/work_mem"`.
 * A schema is inside itself for `resource in Schema::"..."`, as Cedar's `in` is reflexive.
 */
export function objectEntity(c: ConnectionInfo, object: SqlObject): EntityJson {
  const type = OBJECT_TYPE[object.kind];
  const name = object.name ?? '';
  const schema = object.kind === 'schema' ? name : (object.schema ?? '');
  const qualified = object.kind === 'schema' || schema === '' ? part(name) : `${part(schema)}.${part(name)}`;
  const inSchema = schema !== '' && object.kind !== 'schema';
  return {
    uid: uid(type, `${part(c.name)}/${qualified}`),
    attrs: { schema, name },
    parents: [
      ...(inSchema ? [uid('Schema', `${part(c.name)}/${part(schema)}`)] : []),
      ...(object.kind === 'database' ? [] : [uid('Database', `${part(c.name)}/${part(c.database)}`)]),
      uid('Connection', c.name),
      ...labelUids(c),
    ],
  };
}

/** The object in words: `public.orders`, `setting work_mem`, or `` when the operation has none. */
export function objectName(object: SqlObject): string {
  if (object.name === undefined || object.name === '') return '';
  const name = object.schema === undefined || object.schema === '' ? object.name : `${object.schema}.${object.name}`;
  return object.kind === 'table' || object.kind === 'function' ? name : `${object.kind} ${name}`;
}
