/** Builds small policy bundles and requests for tests. */
import { utf8 } from '../base/encoding.ts';
import type { BundleFiles } from '../policy/bundle/files.ts';
import type { ConnectionInfo, Principal, Request, SqlOperation, StatementAnalysis } from '../policy/types.ts';

const BASE: Readonly<Record<string, string>> = {
  'bundle.yaml': 'name: test\nserial: 1\nmin_app_version: 0.1.0\n',
  'classification.yaml': 'classes: []\n',
  'approvals.yaml': 'groups:\n  - id: dba\n  - id: security\n',
  'recording.yaml': 'level: masked\n',
  'policies/main.cedar': '@id("all")\npermit(principal, action, resource);\n',
};

/** A valid bundle that permits everything, with some files replaced, added or (by undefined) left out. */
export function bundleFiles(changes: Readonly<Record<string, string | undefined>> = {}): BundleFiles {
  const files = new Map<string, Uint8Array>();
  for (const [path, text] of Object.entries({ ...BASE, ...changes })) if (text !== undefined) files.set(path, utf8(text));
  return files;
}

export const person = (subject: string, ...groups: string[]): Principal => ({ kind: 'User', issuer: 'https://idp.test', subject, name: subject, groups });
export const agent = (subject: string, ...groups: string[]): Principal => ({ ...person(subject, ...groups), kind: 'Agent' });

export const shop: ConnectionInfo = { name: 'shop', protocol: 'postgres', labels: { env: 'prod' }, database: 'shop', tls: 'verify' };

/** An analysis of one operation on `public.orders`, with parts replaced. */
export function analysis(action: SqlOperation['action'], changes: Partial<StatementAnalysis> = {}, facts: Partial<StatementAnalysis['facts']> = {}): StatementAnalysis {
  return {
    sql: 'test',
    facts: {
      statement: 'TEST',
      operations: [{ action, object: { kind: 'table', schema: 'public', name: 'orders' }, label: 'TEST' }],
      tables: ['public.orders'],
      functions: [],
      hasWhere: true,
      tautology: false,
      writes: false,
      plainRead: false,
      fileAccess: false,
      programAccess: false,
      ...facts,
    },
    output: 'none',
    reads: [],
    predicates: [],
    effects: { settings: false, catalog: false, copyOut: false, copyIn: false },
    ...changes,
  };
}

/** Alice, an engineer, asks on `shop`. */
export function request(statement: StatementAnalysis | undefined, changes: Partial<Request> = {}): Request {
  return {
    principal: person('alice@example.com', 'engineering'),
    connection: shop,
    client: 'native',
    deviceId: 'dev_00000000000000000000000000000000',
    timeMs: Date.UTC(2026, 0, 14, 12),
    approved: false,
    action: statement?.facts.operations[0]?.action ?? 'connect',
    ...(statement === undefined ? {} : { statement }),
    ...changes,
  };
}
