/**
 * The metadata of a policy repository: TUF 1.0 (specification 1.0.31), read strictly. What this product does not use
 * (succinct roles, hash prefixes, other algorithms, unknown members) is refused, so that one text has one meaning for
 * the author, the store and each device. Library and schema both have to be content: the schema catches what the
 * library lets through, such as an expiry that is no date and so would never expire.
 */
import { createHash } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import { z } from 'zod';
import { fromUtf8, utf8 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { keyIdOf, tufKey, verifyWith, type TufKey, type TufSigner } from './keys.ts';

export const tufLimits = {
  rootBytes: 512 * 1024,
  timestampBytes: 16 * 1024,
  snapshotBytes: 1024 * 1024,
  targetsBytes: 4 * 1024 * 1024,
  /** A bundle's archive: the bundle's own bound and room for tar headers. */
  targetBytes: 10 * 1024 * 1024,
  rootRotations: 256,
  bundlesPerRing: 1_000,
} as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in hex');
const version = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
export const isoTime = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, 'not a time like 2026-01-31T12:00:00Z')
  .refine((text) => isoOf(Date.parse(text)) === text, 'no such time');
/** Milliseconds to the form that the metadata use; parts of a second are dropped. */
export function isoOf(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z') : '';
}

const common = { spec_version: z.string().regex(/^1\.0\.\d{1,3}$/, 'not TUF 1.0'), version, expires: isoTime };
const keys = z.record(sha256, tufKey).superRefine((all, context) => {
  for (const [id, key] of Object.entries(all)) if (keyIdOf(key) !== id) context.addIssue({ code: 'custom', path: [id], message: 'is not the id of its key' });
});
const threshold = z.number().int().min(1).max(50);
const keyids = z.array(sha256).min(1).max(50).refine((ids) => new Set(ids).size === ids.length, 'names a key twice');
const role = z.strictObject({ keyids, threshold });
export type RoleKeys = z.output<typeof role>;

function checkRole(all: Readonly<Record<string, TufKey>>, name: string, r: RoleKeys, context: z.RefinementCtx): void {
  if (r.threshold > r.keyids.length) context.addIssue({ code: 'custom', message: `${name} needs ${r.threshold} signatures and has ${r.keyids.length} keys` });
  for (const id of r.keyids) if (!Object.hasOwn(all, id)) context.addIssue({ code: 'custom', message: `${name} names a key that is not listed` });
}

export const root = z
  .strictObject({
    _type: z.literal('root'),
    ...common,
    consistent_snapshot: z.literal(true),
    keys,
    roles: z.strictObject({ root: role, targets: role, snapshot: role, timestamp: role }),
  })
  .superRefine((r, context) => {
    for (const [name, one] of Object.entries(r.roles)) checkRole(r.keys, name, one, context);
  });

/** Rings are delegated roles; the names of the top-level roles are taken. */
export const ringName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'lower-case letters, digits and dashes').refine((n) => !['root', 'targets', 'snapshot', 'timestamp'].includes(n), 'is the name of a role of TUF');

export const bundleCustom = z.strictObject({
  /** The bundle's own serial: the file's name says the same. */
  serial: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  /** Digest over its sources, as sessions carry it. */
  bundle: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  rollout: z.strictObject({ percent: z.number().int().min(0).max(100), salt: z.string().min(1).max(100) }).optional(),
  minAgent: z.string().regex(/^\d{1,5}\.\d{1,5}\.\d{1,5}$/).optional(),
  notBefore: isoTime.optional(),
});
export type BundleCustom = z.output<typeof bundleCustom>;

/** A target of the top-level role whose listing alone ends all work under policy, until it is taken out again. */
export const STOP_TARGET = 'emergency-stop.json';
export const stopCustom = z.strictObject({ reason: z.string().min(1).max(500), since: isoTime });

const file = { length: z.number().int().min(0).max(tufLimits.targetBytes), hashes: z.strictObject({ sha256 }) };

export const ringTargets = z.strictObject({
  _type: z.literal('targets'),
  ...common,
  targets: z.record(z.string().regex(/^rings\/[a-z][a-z0-9-]{0,31}\/bundle-[1-9]\d{0,15}\.tar\.gz$/, 'not the path of a bundle'), z.strictObject({ ...file, custom: bundleCustom })).superRefine((all, context) => {
    if (Object.keys(all).length > tufLimits.bundlesPerRing) context.addIssue({ code: 'custom', message: `lists more than ${tufLimits.bundlesPerRing} bundles` });
    for (const [path, t] of Object.entries(all)) if (!path.endsWith(`/bundle-${t.custom.serial}.tar.gz`)) context.addIssue({ code: 'custom', path: [path], message: `holds serial ${t.custom.serial}` });
  }),
});

export const targets = z
  .strictObject({
    _type: z.literal('targets'),
    ...common,
    targets: z.strictObject({ [STOP_TARGET]: z.strictObject({ ...file, custom: stopCustom }).optional() }),
    delegations: z.strictObject({
      keys,
      roles: z.array(z.strictObject({ name: ringName, keyids, threshold, terminating: z.literal(true), paths: z.array(z.string()).length(1) })).min(1).max(20),
    }),
  })
  .superRefine((t, context) => {
    const names = t.delegations.roles.map((r) => r.name);
    if (new Set(names).size !== names.length) context.addIssue({ code: 'custom', message: 'names a ring twice' });
    for (const r of t.delegations.roles) {
      checkRole(t.delegations.keys, r.name, r, context);
      if (r.paths[0] !== ringPaths(r.name)) context.addIssue({ code: 'custom', message: `ring ${r.name} may list only ${ringPaths(r.name)}` });
    }
  });
export const ringPaths = (ring: string): string => `rings/${ring}/*`;
export const bundlePath = (ring: string, serial: number): string => `rings/${ring}/bundle-${serial}.tar.gz`;

const metaFile = z.strictObject({ version, length: z.number().int().min(1).max(tufLimits.targetsBytes), hashes: z.strictObject({ sha256 }) });
export const snapshot = z.strictObject({ _type: z.literal('snapshot'), ...common, meta: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,31}\.json$/), metaFile) });
export const timestamp = z.strictObject({ _type: z.literal('timestamp'), ...common, meta: z.strictObject({ 'snapshot.json': metaFile }) });

export const schemas = { root, targets, ring: ringTargets, snapshot, timestamp } as const;
export type MetadataKind = keyof typeof schemas;
export type Metadata<K extends MetadataKind> = z.output<(typeof schemas)[K]>;

const signatures = z
  .array(z.strictObject({ keyid: sha256, sig: z.string().regex(/^([0-9a-f]{2}){1,200}$/) }))
  .max(100)
  .refine((all) => new Set(all.map((s) => s.keyid)).size === all.length, 'two signatures of one key');
export type Signatures = z.output<typeof signatures>;

export interface SignedFile<K extends MetadataKind> {
  readonly signed: Metadata<K>;
  readonly signatures: Signatures;
}

/** Reads one metadata file without looking at signatures. @throws MalformedError naming what is wrong. */
export function parseMetadata<K extends MetadataKind>(kind: K, bytes: Uint8Array | string, what: string = kind): SignedFile<K> {
  let value: unknown;
  try {
    value = JSON.parse(typeof bytes === 'string' ? bytes : fromUtf8(bytes));
  } catch {
    throw new MalformedError('malformed.encoding', `${what} is not JSON`);
  }
  const schema = z.strictObject({ signatures, signed: schemas[kind] });
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new MalformedError('malformed.value', `${what}: ${parsed.error.issues.slice(0, 5).map((i) => `${i.path.join('.')} ${i.message}`.trim()).join('; ')}`);
  return parsed.data as SignedFile<K>;
}

/** The bytes that signatures are over. */
export const signedBytes = (signed: object): Uint8Array => utf8(canonicalize(signed));

/** Ids of the role's keys that have signed, in the role's order. */
export function signersOf(file: { readonly signed: object; readonly signatures: Signatures }, keysById: Readonly<Record<string, TufKey>>, r: RoleKeys): string[] {
  const message = signedBytes(file.signed);
  return r.keyids.filter((id) => {
    const key = keysById[id];
    const signature = file.signatures.find((s) => s.keyid === id);
    return key !== undefined && signature !== undefined && verifyWith(key, message, signature.sig);
  });
}

/** The file's text with this signer's signature added or made anew. */
export function withSignature<K extends MetadataKind>(file: SignedFile<K>, signer: TufSigner): SignedFile<K> {
  const others = file.signatures.filter((s) => s.keyid !== signer.keyId);
  return { signed: file.signed, signatures: [...others, { keyid: signer.keyId, sig: signer.sign(signedBytes(file.signed)) }] };
}

/** How a metadata file is written: for people to read in a version control system, too. */
export const metadataText = (file: { readonly signed: object; readonly signatures: Signatures }): string => `${JSON.stringify({ signatures: file.signatures, signed: file.signed }, null, 1)}\n`;

export const fileEntry = (bytes: Uint8Array): { length: number; hashes: { sha256: string } } => ({ length: bytes.length, hashes: { sha256: createHash('sha256').update(bytes).digest('hex') } });
