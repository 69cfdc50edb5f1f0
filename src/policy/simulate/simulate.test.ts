import { Readable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ReadRecord } from '../../evidence/read.ts';
import { bundleFiles } from '../../testing/policy.ts';
import { compileBundle } from '../bundle/load.ts';
import { sshActionOf } from '../decide/ssh-action.ts';
import { initParser } from '../parse.ts';
import type { PolicyEngine } from '../types.ts';
import { shapeOf, Simulation } from './compare.ts';
import { explainSession } from './explain.ts';
import { recordedRequests, type RecordedRequest, type RecordedSession } from './history.ts';
import { RecentRequests } from './recent.ts';
import { pastSsh, sshQuestionsOf, sshWords } from './ssh-past.ts';

beforeAll(() => initParser());

const alice: RecordedSession = {
  user: { iss: 'https://idp.test', sub: 'alice@example.com', name: 'Alice', groups: ['engineering'] },
  device_id: 'dev_00000000000000000000000000000000',
  target: { connection: 'shop', protocol: 'postgres', database: 'shop', labels: { env: 'prod' } },
  client: { kind: 'native' },
};

function record(n: number, kind: string, clear: ReadRecord['clear'] = {}, fields: ReadRecord['fields'] = {}, removed: readonly string[] = []): ReadRecord {
  return { n, kind, t: 1_770_000_000_000 + n, m: n, channel: 0, clear, fields, removed, line: n + 1 };
}

async function history(records: readonly ReadRecord[], session = alice): Promise<RecordedRequest[]> {
  const found: RecordedRequest[] = [];
  for await (const r of recordedRequests(session, Readable.from(records) as AsyncIterable<ReadRecord>)) found.push(r);
  return found;
}

const engine = (policies: string, classification = 'classes: []\n'): PolicyEngine => compileBundle(bundleFiles({ 'policies/main.cedar': policies, 'classification.yaml': classification })).engine;
const ALL = '@id("all")\npermit(principal, action, resource);\n';
/** Everything but seeing data in clear. */
const WORK = '@id("work")\npermit(principal, action in [Action::"connect", Action::"sql"], resource);\n';
const NO_DELETE = `${ALL}@id("no-delete")\n@reason("nothing is deleted")\nforbid(principal, action == Action::"sql:delete", resource);\n`;
const HELD = `${ALL}@id("held")\n@reason("ask")\n@approve("dba")\nforbid(principal, action == Action::"sql:delete", resource) unless { context.approved };\n`;
const EMAIL = 'classes:\n  - { id: email, columns: [email], detectors: [], mask: { kind: full }, predicates: allow }\n';

describe('requests of a recording', () => {
  it('are queries, binds by the text of their parse, refused parses, and the opening', async () => {
    const found = await history([
      record(0, 'conn.open'),
      record(1, 'sql.query', { dec: 'allow', pol: ['all'] }, { sql: 'SELECT 1' }),
      record(2, 'sql.parse', { dec: 'allow', pol: [] }, { sql: 'SELECT $1' }),
      record(3, 'sql.bind', { q: 2, dec: 'hold', pol: [] }),
      record(4, 'sql.parse', { dec: 'deny', pol: [] }, { sql: 'DROP TABLE a' }),
      record(5, 'sql.result', { q: 1 }),
      record(6, 'sql.query', { dec: 'allow', pol: [] }, {}, ['sql']),
      record(7, 'sql.query', { dec: 'allow', pol: [] }, { sql: "SELECT 'msk_literal_0123456789ab'" }),
      record(8, 'sql.query', { dec: 'deny', pol: [] }, { sql: '/* not shown: 12 characters that could not be read */' }),
    ]);
    expect(found.map((r) => [r.past.sql, r.effect, r.text])).toEqual([
      [undefined, 'allow', 'clear'],
      ['SELECT 1', 'allow', 'clear'],
      ['SELECT $1', 'hold', 'clear'],
      ['DROP TABLE a', 'deny', 'clear'],
      [undefined, 'allow', 'gone'],
      ["SELECT 'msk_literal_0123456789ab'", 'allow', 'tokens'],
      [undefined, 'deny', 'gone'],
    ]);
    expect(found[1]?.past).toMatchObject({ principal: { subject: 'alice@example.com', groups: ['engineering'], kind: 'User' }, connection: { name: 'shop', labels: { env: 'prod' } } });
  });

  it('of an agent are an agent\'s', async () => {
    const [first] = await history([record(0, 'conn.open')], { ...alice, client: { kind: 'agent' } });
    expect(first?.past.principal.kind).toBe('Agent');
  });
});

describe('simulation', () => {
  const deletes = (n: number): ReadRecord[] => Array.from({ length: n }, (_, i) => record(i, 'sql.query', { dec: 'allow', pol: ['all'] }, { sql: `DELETE FROM orders WHERE id = ${i}` }));

  it('counts what is newly denied by person, target and statement', async () => {
    const simulation = new Simulation(engine(NO_DELETE));
    for (const r of await history([...deletes(3), record(9, 'sql.query', { dec: 'allow', pol: [] }, { sql: 'SELECT 1' })])) simulation.add(r);
    expect(simulation.report).toMatchObject({ requests: 4, same: 1, changed: { denied: 3, held: 0, allowed: 0 }, undecided: { gone: 0, unresolved: 0 } });
    expect(simulation.report.groups).toEqual([{ difference: 'denied', person: 'alice@example.com', connection: 'shop', statement: 'DELETE FROM orders WHERE id = ?', was: 'allow', becomes: 'deny', reason: 'nothing is deleted', policyIds: ['no-delete'], columns: [], withTokens: 0, count: 3 }]);
  });

  it('tells held from denied, and allowed again', async () => {
    const held = new Simulation(engine(HELD));
    for (const r of await history(deletes(2))) held.add(r);
    expect(held.report.changed).toMatchObject({ held: 2, denied: 0 });
    const back = new Simulation(engine(ALL));
    for (const r of await history([record(0, 'sql.query', { dec: 'deny', pol: ['x'] }, { sql: 'DELETE FROM orders' })])) back.add(r);
    expect(back.report.changed).toMatchObject({ allowed: 1 });
  });

  it('decides on the number of rows that the planner gave then', async () => {
    const FEW = `${ALL}@id("few")\n@reason("too many rows")\nforbid(principal, action in Action::"sql", resource) when { context has estimatedRows && context.estimatedRows > 1000 };\n`;
    const simulation = new Simulation(engine(FEW));
    const records = [10, 5_000].map((est, n) => record(n, 'sql.query', { dec: 'allow', pol: ['all'], est }, { sql: 'SELECT id FROM orders' }));
    for (const r of await history([...records, record(2, 'sql.query', { dec: 'allow', pol: ['all'] }, { sql: 'SELECT id FROM orders' })])) simulation.add(r);
    expect(simulation.report).toMatchObject({ same: 2, changed: { denied: 1 } });
  });

  it('compares masks with another bundle, asked the same way', async () => {
    const simulation = new Simulation(engine(WORK, EMAIL), engine(WORK));
    const requests = await history([record(0, 'sql.query', { dec: 'allow', pol: [] }, { sql: 'SELECT id, email FROM customers' })]);
    for (const r of requests) simulation.add(r);
    expect(simulation.report.groups).toMatchObject([{ difference: 'masked', columns: ['+email:email'], count: 1 }]);
    const turned = new Simulation(engine(WORK), engine(WORK, EMAIL));
    for (const r of requests) turned.add(r);
    expect(turned.report.groups).toMatchObject([{ difference: 'unmasked', columns: ['-email:email'] }]);
  });

  it('counts apart what has no text, what only the database could resolve, and what was decided with tokens', async () => {
    const simulation = new Simulation(engine(NO_DELETE, EMAIL));
    const records = [
      record(0, 'sql.query', { dec: 'allow', pol: [] }, {}, ['sql']),
      record(1, 'sql.query', { dec: 'allow', pol: [] }, { sql: 'EXECUTE prepared_elsewhere' }),
      record(2, 'sql.query', { dec: 'allow', pol: [] }, { sql: "DELETE FROM customers WHERE name = 'msk_literal_0123456789ab'" }),
    ];
    for (const r of await history(records)) simulation.add(r);
    expect(simulation.report).toMatchObject({ requests: 3, undecided: { gone: 1, unresolved: 1 }, withTokens: 1, changed: { denied: 1 } });
    expect(simulation.report.groups[0]).toMatchObject({ withTokens: 1 });
  });
});

describe('SSH sessions', () => {
  const onHost: RecordedSession = { ...alice, target: { connection: 'web1', protocol: 'ssh', database: '', labels: { env: 'dev' } } };
  const RULES = `${ALL}@id("no-rm")
@reason("nothing is removed")
forbid(principal, action == Action::"ssh:exec", resource) when { context.programs.contains("rm") };
@id("keys")
@reason("keys are asked for")
@approve("dba")
forbid(principal, action in Action::"ssh:files", resource is File) when { resource.name like "id_*" } unless { context.approved };
@id("no-db")
@reason("not from here")
forbid(principal, action == Action::"ssh:forward", resource is Endpoint) when { resource.port == 5432 };
`;
  const allowed = { dec: 'allow', pol: ['all'] };
  const records = [
    record(0, 'conn.open'),
    record(1, 'ssh.exec', { ...allowed, pty: false }, { command: 'sudo sh -c "rm -r /srv/old"' }),
    record(2, 'ssh.exec', { ...allowed, pty: false }, { command: 'uptime' }),
    record(3, 'ssh.exec', { ...allowed, typed: true }, { command: 'rm notes' }),
    record(4, 'ssh.shell', { ...allowed, pty: true }),
    record(5, 'ssh.sftp', { ...allowed, op: 'open_read' }, { path: '/home/alice/.ssh/id_ed25519' }),
    record(6, 'ssh.sftp', { ...allowed, op: 'rename' }, { path: '/tmp/a', new_path: '/tmp/id_rsa' }),
    record(7, 'ssh.forward', { ...allowed, port: 5432 }, { host: 'db.internal' }),
    record(8, 'ssh.exec', { dec: 'deny', pol: ['other'] }, { command: 'reboot' }),
    record(9, 'ssh.exec', allowed, {}, ['command']),
    record(10, 'ssh.exit', { q: 1, status: 0 }),
  ];

  it('are decided again: commands however they are wrapped, lines, files, forwards', async () => {
    const simulation = new Simulation(engine(RULES));
    for (const r of await history(records, onHost)) simulation.add(r);
    expect(simulation.report).toMatchObject({ requests: 10, same: 3, changed: { denied: 3, held: 2, allowed: 1 }, undecided: { gone: 1, unresolved: 0 } });
    expect(simulation.report.groups.map((g) => [g.difference, g.connection, g.statement, g.policyIds])).toEqual([
      ['denied', 'web1', 'forward to db.internal:?', ['no-db']],
      ['denied', 'web1', 'rm notes', ['no-rm']],
      ['denied', 'web1', 'sudo sh -c "rm -r /srv/old"', ['no-rm']],
      ['held', 'web1', 'sftp open_read /home/alice/.ssh/id_ed25519', ['keys']],
      ['held', 'web1', 'sftp rename /tmp/a -> /tmp/id_rsa', ['keys']],
      ['allowed', 'web1', 'reboot', ['all']],
    ]);
  });

  it('are asked about listeners and the agent by their own actions', () => {
    const asked = [record(0, 'ssh.forward', { ...allowed, port: 0, dir: 'remote' }, { host: '' }), record(1, 'ssh.agent', allowed)].map(pastSsh);
    expect(asked.flatMap((past) => (typeof past === 'object' ? [sshWords(past), ...sshQuestionsOf(past).map(sshActionOf)] : []))).toEqual(['remote forward of *:0', 'ssh:remote_forward', 'agent forwarding', 'ssh:agent_forward']);
  });

  it('explain themselves by the bundle that decided them', async () => {
    const bundle = engine(ALL);
    const told: [number, string][] = [];
    for await (const e of explainSession({ engine: bundle, breakGlass: bundle }, onHost, Readable.from(records.slice(0, 8)) as AsyncIterable<ReadRecord>)) told.push([e.n, e.state]);
    expect(told).toEqual(records.slice(0, 8).map((r) => [r.n, 'same']));
    const changed: string[] = [];
    for await (const e of explainSession({ engine: engine(RULES), breakGlass: bundle }, onHost, Readable.from(records) as AsyncIterable<ReadRecord>)) if (e.state !== 'same') changed.push(`${e.state} ${e.sql ?? ''}`);
    expect(changed).toEqual(['different sudo sh -c "rm -r /srv/old"', 'different rm notes', 'different sftp open_read /home/alice/.ssh/id_ed25519', 'different sftp rename /tmp/a -> /tmp/id_rsa', 'different forward to db.internal:5432', 'different reboot', 'unclear ']);
  });
});

describe('recent requests', () => {
  it('keep what was asked, once, and bounded', () => {
    const recent = new RecentRequests();
    const watched = recent.watching(engine(ALL));
    const base = { principal: { kind: 'User' as const, issuer: 'i', subject: 's', name: 's', groups: [] }, connection: { name: 'shop', protocol: 'postgres' as const, labels: {}, database: 'shop', tls: 'verify' as const }, client: 'native' as const, deviceId: 'd', timeMs: 0, approved: false };
    for (let i = 0; i < 3; i++) expect(watched.decide({ ...base, action: 'connect' }).effect).toBe('allow');
    expect(recent.all).toEqual([base]);
    for (let i = 0; i < 1_000; i++) watched.decide({ ...base, connection: { ...base.connection, name: `c${i}` }, action: 'connect' });
    expect(recent.all.length).toBe(500);
  });
});

it('groups statements by their shape', () => {
  expect(shapeOf("SELECT *\n  FROM a WHERE x = 'it''s' AND y = 12.5 AND t1 = $1")).toBe('SELECT * FROM a WHERE x = ? AND y = ? AND t1 = $?');
  expect(shapeOf(undefined)).toBe('(opening the session)');
});
