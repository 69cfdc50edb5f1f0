/**
 * Checks an event against the OCSF schema (testdata/ocsf): required and unknown attributes, types, enums, captions,
 * profiles, at_least_one, and that an object used is one the schema data describes.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';

const attributes = z.record(z.string(), z.string());
const shape = z.strictObject({ open: z.boolean().optional(), at_least_one: z.array(z.string()).optional(), attributes });
const schemaFile = z.strictObject({
  origin: z.string(),
  licence: z.literal('Apache-2.0'),
  notation: z.string(),
  version: z.string(),
  base: attributes,
  profiles: z.record(z.string(), attributes),
  classes: z.record(z.string(), shape.extend({ uid: z.number(), category_uid: z.number(), caption: z.string(), category: z.string() })),
  objects: z.record(z.string(), shape),
});
const schema = schemaFile.parse(JSON.parse(readFileSync(new URL('../../testdata/ocsf/schema-1.8.0-subset.json', import.meta.url), 'utf8')));

interface Spec {
  readonly type: string;
  readonly list: boolean;
  readonly required: boolean;
  readonly profile: string | undefined;
  readonly values: ReadonlyMap<number, string> | undefined;
}

const NOTATION = /^([a-z_]+(?::[a-z_]+)?)(\[\])?(!)?(?:@([a-z_]+))?(?:\|(.+))?$/;

function specOf(text: string): Spec {
  const [, type, list, required, profile, values] = NOTATION.exec(text) ?? [];
  if (type === undefined) throw new Error(`bad notation in the schema data: ${text}`);
  const pairs = values?.split(',').map((v): [number, string] => [Number(v.slice(0, v.indexOf('='))), v.slice(v.indexOf('=') + 1)]);
  return { type, list: list !== undefined, required: required !== undefined, profile, values: pairs === undefined ? undefined : new Map(pairs) };
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);
const isInteger = (v: unknown, max: number): boolean => typeof v === 'number' && Number.isSafeInteger(v) && Math.abs(v) <= max;
const isText = (v: unknown): v is string => typeof v === 'string' && v.isWellFormed();

const scalars: Readonly<Record<string, (v: unknown) => boolean>> = {
  string: isText,
  url: (v) => isText(v) && URL.canParse(v),
  ip: (v) => isText(v) && isIP(v) !== 0,
  hostname: (v) => isText(v) && /^[A-Za-z0-9._-]{1,253}$/.test(v),
  mac: isText,
  email: (v) => isText(v) && /^[^@\s]+@[^@\s]+$/.test(v),
  boolean: (v) => typeof v === 'boolean',
  integer: (v) => isInteger(v, 2 ** 31),
  port: (v) => isInteger(v, 65_535) && (v as number) >= 0,
  long: (v) => isInteger(v, Number.MAX_SAFE_INTEGER),
  // Milliseconds: between 2000 and 2200, so that seconds or microseconds are seen.
  timestamp: (v) => isInteger(v, Number.MAX_SAFE_INTEGER) && (v as number) > 946_684_800_000 && (v as number) < 7_258_118_400_000,
  json: (v) => v !== undefined,
};

/** What is wrong with the event; empty when it is valid. */
export function ocsfProblems(input: unknown): string[] {
  // As it leaves: members that are undefined are not there.
  const event: unknown = JSON.parse(JSON.stringify(input));
  if (!isObject(event)) return ['an event is an object'];
  const found = Object.entries(schema.classes).find(([, c]) => c.uid === event['class_uid']);
  if (found === undefined) return [`class_uid ${JSON.stringify(event['class_uid'])} is not in the schema data`];
  const [, cls] = found;
  const metadata = event['metadata'];
  const profiles = isObject(metadata) && Array.isArray(metadata['profiles']) ? metadata['profiles'].map(String) : [];
  const problems = profiles.filter((p) => schema.profiles[p] === undefined).map((p) => `metadata.profiles: unknown profile ${p}`);
  const known = { ...schema.base, ...Object.assign({}, ...profiles.map((p) => schema.profiles[p] ?? {})), ...cls.attributes } as Record<string, string>;
  problems.push(...objectProblems('', event, { attributes: known, at_least_one: cls.at_least_one }, profiles));
  if (event['type_uid'] !== cls.uid * 100 + Number(event['activity_id'])) problems.push('type_uid is not class_uid * 100 + activity_id');
  if (event['category_uid'] !== cls.category_uid) problems.push(`category_uid is not ${cls.category_uid}`);
  if (event['class_name'] !== cls.caption) problems.push(`class_name is not ${cls.caption}`);
  if (event['category_name'] !== cls.category) problems.push(`category_name is not ${cls.category}`);
  if (isObject(metadata) && metadata['version'] !== schema.version) problems.push(`metadata.version is not ${schema.version}`);
  return problems;
}

function objectProblems(path: string, value: Record<string, unknown>, s: { open?: boolean | undefined; attributes: Record<string, string>; at_least_one?: readonly string[] | undefined }, profiles: readonly string[]): string[] {
  if (s.open === true) return [];
  const problems: string[] = [];
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const [name, text] of Object.entries(s.attributes)) {
    if (specOf(text).required && value[name] === undefined) problems.push(`${at(name)} is required`);
  }
  for (const [name, v] of Object.entries(value)) {
    const text = s.attributes[name];
    if (text === undefined) problems.push(`${at(name)} is not an attribute`);
    else problems.push(...attributeProblems(at(name), v, specOf(text), profiles), ...siblingProblems(at(name), name, value, specOf(text)));
  }
  if (s.at_least_one !== undefined && !s.at_least_one.some((n) => value[n] !== undefined)) problems.push(`${path === '' ? 'event' : path} needs one of ${s.at_least_one.join(', ')}`);
  return problems;
}

function attributeProblems(path: string, value: unknown, spec: Spec, profiles: readonly string[]): string[] {
  if (spec.profile !== undefined && !profiles.includes(spec.profile)) return [`${path} needs the profile ${spec.profile}`];
  if (!spec.list) return valueProblems(path, value, spec, profiles);
  if (!Array.isArray(value)) return [`${path} is a list`];
  return value.flatMap((v, i) => valueProblems(`${path}[${i}]`, v, spec, profiles));
}

function valueProblems(path: string, value: unknown, spec: Spec, profiles: readonly string[]): string[] {
  if (spec.type.startsWith('object:')) {
    const name = spec.type.slice('object:'.length);
    const shapeOf = schema.objects[name];
    if (shapeOf === undefined) return [`${path}: the schema data has no object ${name}`];
    return isObject(value) ? objectProblems(path, value, shapeOf, profiles) : [`${path} is an object`];
  }
  const check = scalars[spec.type];
  if (check === undefined) throw new Error(`no check for type ${spec.type}`);
  if (!check(value)) return [`${path} is not a valid ${spec.type}: ${JSON.stringify(value)}`];
  return spec.values !== undefined && !spec.values.has(value as number) ? [`${path} is not one of its values: ${JSON.stringify(value)}`] : [];
}

/** `severity_id` 3 goes with `severity` "Medium"; only 99 lets the source name it. */
function siblingProblems(path: string, name: string, owner: Record<string, unknown>, spec: Spec): string[] {
  if (spec.values === undefined || !name.endsWith('_id')) return [];
  const sibling = name === 'activity_id' ? 'activity_name' : name.slice(0, -3);
  const caption = spec.values.get(owner[name] as number);
  const given = owner[sibling];
  if (given === undefined || owner[name] === 99 || given === caption) return [];
  return [`${path} is ${JSON.stringify(caption)}, but ${sibling} says ${JSON.stringify(given)}`];
}
