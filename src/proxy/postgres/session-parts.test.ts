/** The parts of a session that do no I/O: the queue of answers, prepared names, the second net, verdicts, output. */
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { DeniedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { systemClock } from '../../base/clock.ts';
import { compileBundle } from '../../policy/bundle/load.ts';
import { initParser } from '../../policy/parse.ts';
import type { CatalogRelation, CatalogView, MaskPlan, PolicyEngine, StatementAnalysis } from '../../policy/types.ts';
import { analysis, bundleFiles, person, shop } from '../../testing/policy.ts';
import { Gatekeeper } from './gatekeeper.ts';
import { Meanings } from './meanings.ts';
import { maskMessage } from './messages.ts';
import { Output } from './output.ts';
import { PendingQueue, type Pending } from './pending.ts';
import { reconcile } from './reconcile.ts';
import { noEstimate } from './estimate.ts';
import { SessionStatements, type Portal } from './statements.ts';
import { createDetectors } from '../../policy/mask/index.ts';
import { encodeNoticeFields } from '../../wire/postgres/index.ts';

beforeAll(() => initParser());

const classes = 'classes:\n  - id: email\n    columns: ["email"]\n    mask: { kind: token }\n    predicates: allow\n  - id: phone\n    columns: ["phone"]\n    mask: { kind: partial }\n    predicates: allow\n';
const engineOf = (policies: string): PolicyEngine => compileBundle(bundleFiles({ 'classification.yaml': classes, 'policies/main.cedar': policies })).engine;
const permit = '@id("all")\npermit(principal, action, resource);\n';

describe('the queue of answers', () => {
  const sync: Pending = { kind: 'sync' };
  const parse = (undo?: () => void): Pending => ({ kind: 'parse', ...(undo ? { undo } : {}) });
  const changing = (effects: Partial<StatementAnalysis['effects']>): Pending => {
    const a = analysis('sql:select');
    return { kind: 'query', record: 1, sql: '', changes: 0, statements: [{ analysis: { ...a, effects: { ...a.effects, ...effects } }, plan: { columns: [], unmasked: [], scrubMessages: false } }], index: 0, failed: false, startedNs: 0n };
  };

  it('keeps order over many entries', () => {
    const queue = new PendingQueue();
    const items = Array.from({ length: 5_000 }, () => parse());
    for (const item of items) queue.push(item);
    expect(items.every((item) => queue.peek() === item && queue.take() === item)).toBe(true);
    expect(queue.length).toBe(0);
    expect(queue.take()).toBeUndefined();
    queue.push(sync);
    expect(queue.peek()).toBe(sync);
  });

  it('drops up to Sync and no further', () => {
    const queue = new PendingQueue();
    const [a, b, c] = [parse(), parse(), parse()];
    for (const item of [a, b, sync, c]) queue.push(item);
    expect(queue.dropUntilSync()).toEqual([a, b]);
    expect(queue.take()).toBe(sync);
    expect(queue.take()).toBe(c);
  });

  it.each<[string, Partial<StatementAnalysis['effects']>, boolean]>([
    ['nothing', {}, false],
    ['a setting', { settings: true }, true],
    ['objects', { catalog: true }, true],
    ['DEALLOCATE ALL', { deallocate: '' }, true],
    ['COPY', { copyOut: true }, false],
  ])('knows whether names change under way: %s', (_, effects, expected) => {
    const queue = new PendingQueue();
    queue.push(parse());
    queue.push(changing(effects));
    expect(queue.touchesNames).toBe(expected);
    queue.take();
    expect(queue.touchesNames).toBe(expected);
    queue.take();
    expect(queue.touchesNames).toBe(false);
    queue.push(changing(effects));
    queue.dropUntilSync();
    expect(queue.touchesNames).toBe(false);
  });
});

describe('prepared names', () => {
  const safe = analysis('sql:select');
  const other = analysis('sql:select', { sql: 'other' });
  const withEffects = (effects: Partial<StatementAnalysis['effects']>): StatementAnalysis => ({ ...safe, effects: { ...safe.effects, ...effects } });
  const byProtocol = (name: string): Parameters<SessionStatements['prepared']['set']>[1] => ({ name, sql: 'other', analysed: { sql: 'other', statements: [other], stamp: '', sensitive: false, plain: new Set(), shared: false, lasting: true }, meanings: new Meanings(), record: 1, columns: undefined, paramTypes: [] });

  it('SQL and protocol share one name space, and the later one counts', () => {
    const s = new SessionStatements();
    s.applyEffects(withEffects({ prepare: { name: 'p', body: safe } }));
    expect(s.lookupPrepared('p')).toMatchObject({ prepareSql: safe.sql });
    const made = byProtocol('p');
    s.prepared.set('p', made);
    s.parsed('p');
    expect(s.lookupPrepared('p')).toBe(made);
    s.applyEffects(withEffects({ prepare: { name: 'p', body: safe } }));
    expect(s.lookupPrepared('p')).toMatchObject({ prepareSql: safe.sql });
    expect(s.prepared.get('p')).toBeUndefined();
  });

  it.each<[string, (s: SessionStatements) => void]>([
    ['DEALLOCATE', (s) => s.applyEffects(withEffects({ deallocate: 'p' }))],
    ['DEALLOCATE ALL', (s) => s.applyEffects(withEffects({ deallocate: '' }))],
    ['Close', (s) => s.closed('p')],
  ])('%s forgets both', (_, forget) => {
    const s = new SessionStatements();
    s.applyEffects(withEffects({ prepare: { name: 'p', body: safe } }));
    forget(s);
    expect(s.lookupPrepared('p')).toBeUndefined();
    s.prepared.set('p', byProtocol('p'));
    forget(s);
    expect(s.lookupPrepared('p')).toBeUndefined();
  });

  it('the unnamed statement cannot be executed by SQL', () => {
    const s = new SessionStatements();
    s.prepared.set('', byProtocol(''));
    expect(s.lookupPrepared('')).toBeUndefined();
  });

  it('a portal takes the name of a cursor', () => {
    const s = new SessionStatements();
    s.applyEffects(withEffects({ declare: { name: 'c', body: safe } }));
    expect(s.cursors.get('c')).toMatchObject({ declareSql: safe.sql });
    s.bound('c');
    expect(s.cursors.get('c')).toBeUndefined();
  });

  it('a cursor takes the name of a portal, and CLOSE takes both away', () => {
    const portal = (name: string): Portal => ({ name, statement: byProtocol(''), analysis: other, plan: { columns: [], unmasked: [], scrubMessages: true }, resultFormats: [], record: 1, executions: 0, changes: 0, epoch: 0, estimate: noEstimate });
    const s = new SessionStatements();
    for (const name of ['a', 'b', 'c']) s.portals.set(name, portal(name));
    s.departing(withEffects({ declare: { name: 'a', body: safe } }));
    s.departing(withEffects({ close: 'b' }));
    expect(['a', 'b', 'c'].map((name) => s.portals.get(name)?.name)).toEqual([undefined, undefined, 'c']);
    s.departing(withEffects({ close: '' }));
    expect(s.portals.get('c')).toBeUndefined();
    s.applyEffects(withEffects({ declare: { name: 'a', body: safe } }));
    s.applyEffects(withEffects({ close: 'a' }));
    expect(s.cursors.get('a')).toBeUndefined();
  });

  it('undo restores what was there, unless somebody else has set it since', () => {
    const s = new SessionStatements();
    const [first, second, third] = [byProtocol('a'), byProtocol('a'), byProtocol('a')];
    s.prepared.set('a', first);
    const undo = s.prepared.set('a', second);
    undo();
    expect(s.prepared.get('a')).toBe(first);
    const late = s.prepared.set('a', second);
    s.prepared.set('a', third);
    late();
    expect(s.prepared.get('a')).toBe(third);
  });

  it('the limit is an error, not an eviction', () => {
    const s = new SessionStatements();
    for (let i = 0; i < limits.preparedStatementsPerSession; i++) s.prepared.set(`s${i}`, byProtocol(`s${i}`));
    expect(() => s.prepared.set('one more', byProtocol('x'))).toThrow(DeniedError);
    expect(() => s.prepared.set('s1', byProtocol('s1'))).not.toThrow();
    expect(s.prepared.get('s0')).toBeDefined();
  });
});

describe('the second net', () => {
  const customers: CatalogRelation = { oid: 20_000, schema: 'public', name: 'customers', kind: 'r', columns: [{ name: 'id', attnum: 1, typeOid: 23 }, { name: 'email', attnum: 2, typeOid: 25 }], parents: [] };
  const catalog: CatalogView = { relation: () => customers, relationByOid: (oid) => (oid === 20_000 ? customers : undefined), functions: () => [], schemas: () => ['public'], relations: () => [customers] };
  const engine = (): PolicyEngine => engineOf(permit);
  const column = (attnum: number, tableOid = 20_000): { name: string; typeOid: number; tableOid: number; attnum: number } => ({ name: 'c', typeOid: 25, tableOid, attnum });
  const plan = (columns: MaskPlan['columns'], unmasked: string[] = []): MaskPlan => ({ columns, unmasked, scrubMessages: false });
  const run = (p: MaskPlan, columns: ReturnType<typeof column>[]): ReturnType<typeof reconcile> => reconcile(p, columns, engine(), 'shop', catalog);

  it('masks what the server says is a classified column, whatever the plan says', () => {
    const result = run(plan(['detect', 'detect']), [column(1), column(2)]);
    expect('plan' in result && result.plan.columns).toMatchObject(['detect', { classId: 'email', kind: 'token' }]);
  });

  it('leaves it to those who may see it', () => {
    const result = run(plan(['detect'], ['email']), [column(2)]);
    expect('plan' in result && result.plan.columns).toEqual(['detect']);
  });

  it('keeps the plan where the server knows of no table', () => {
    const rule = { classId: 'phone', kind: 'partial', rule: 'x' } as const;
    const result = run(plan([rule, 'detect']), [column(0, 0), column(1, 1259)]);
    expect('plan' in result && result.plan.columns).toEqual([rule, 'detect']);
  });

  it('refuses another number of columns, and tables that it does not know', () => {
    expect(run(plan(['detect']), [column(1), column(2)])).toHaveProperty('refusal');
    expect(run(plan(['detect']), [column(1, 30_000)])).toHaveProperty('refusal');
    expect(run(plan(['detect']), [column(9)])).toHaveProperty('refusal');
    expect(run(plan('detect_all'), [column(1, 30_000)])).toHaveProperty('refusal');
  });
});

describe('verdicts over several statements', () => {
  const gatekeeper = (policies: string): Gatekeeper => new Gatekeeper(engineOf(policies), { principal: person('alice@example.com', 'engineering'), connection: shop, client: 'native', deviceId: 'dev_00000000000000000000000000000000' }, systemClock);
  const hold = (id: string, action: string, group: string): string => `@id("${id}")\n@reason("${id}")\n@approve("${group}")\nforbid(principal, action == Action::"sql:${action}", resource) unless { context.approved };\n`;
  const policies = `${permit}${hold('h-update', 'update', 'dba')}${hold('h-delete', 'delete', 'dba')}${hold('h-grant', 'grant', 'security')}@id("no-drop")\n@reason("no drop")\nforbid(principal, action == Action::"sql:drop", resource);\n`;

  it('a denial of one denies all', () => {
    expect(gatekeeper(policies).judge([analysis('sql:select'), analysis('sql:update'), analysis('sql:drop')], true)).toMatchObject({ effect: 'deny', policyIds: ['no-drop'] });
  });

  it('a hold of one holds all, with every reason', () => {
    expect(gatekeeper(policies).judge([analysis('sql:update'), analysis('sql:select'), analysis('sql:delete')], false)).toMatchObject({ effect: 'hold', reason: 'h-update; h-delete', approvers: ['dba'], quorum: 1 });
  });

  it('holds that nobody could approve together are denied', () => {
    expect(gatekeeper(policies).judge([analysis('sql:update'), analysis('sql:grant')], false)).toMatchObject({ effect: 'deny', reason: expect.stringContaining('one by one') as string });
  });

  it('approved is allowed, with a plan for each', () => {
    const verdict = gatekeeper(policies).judge([analysis('sql:update'), analysis('sql:select')], true);
    expect(verdict.effect === 'allow' && verdict.plans.length).toBe(2);
  });

  it('a statement that moves names before one that uses them is denied', () => {
    const mover = analysis('sql:set', { effects: { settings: true, catalog: false, copyOut: false, copyIn: false } }, { statement: 'SET', tables: [], operations: [{ action: 'sql:set', object: { kind: 'setting', name: 'search_path' }, label: 'SET search_path' }] });
    expect(gatekeeper(permit).judge([mover, analysis('sql:select')], false)).toMatchObject({ effect: 'deny', reason: expect.stringContaining('a query of its own') as string });
    expect(gatekeeper(permit).judge([analysis('sql:select'), mover], false).effect).toBe('allow');
  });
});

describe('output', () => {
  class Sink extends Writable {
    readonly chunks: Buffer[] = [];
    override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
      this.chunks.push(chunk);
      done();
    }
  }

  it('joins neighbours, keeps order, and writes once for each flush', () => {
    const sink = new Sink();
    const out = new Output(sink as unknown as Socket);
    const source = Buffer.from('0123456789');
    out.view(source, 0, 2);
    out.view(source, 2, 4);
    out.push(Buffer.from('-'));
    out.view(source, 6, 8);
    out.view(source, 9, 10);
    expect(out.pending).toBe(true);
    expect(out.flush()).toBe(true);
    expect(out.pending).toBe(false);
    out.flush();
    expect(sink.chunks.map(String)).toEqual(['0123-679']);
    expect(out.written).toBe(8);
  });
});

describe('messages of the server', () => {
  const context = { tokenKey: Buffer.alloc(32, 7), detectors: createDetectors([]) };
  const text = (fields: [string, string][], scrub: boolean): string => {
    const message = encodeNoticeFields('error', fields.map(([kind, value]) => ({ kind, value })));
    return maskMessage('error', message.subarray(5), scrub, [], context).bytes.toString('utf8');
  };

  it('a name that the statement holds stays readable', () => {
    expect(text([['S', 'ERROR'], ['C', '42P01'], ['M', 'relation "nowhere" does not exist'], ['P', '15']], true)).toContain('"nowhere"');
  });

  it('a name that was looked up at run time may be a value', () => {
    for (const [code, message] of [['42P01', 'relation "s3cr3t" does not exist'], ['42704', 'type "s3cr3t" does not exist'], ['42883', 'function "s3cr3t" does not exist'], ['3F000', 'schema "s3cr3t" does not exist']] as const) {
      expect(text([['S', 'ERROR'], ['C', code], ['M', message]], true)).not.toContain('s3cr3t');
      expect(text([['S', 'ERROR'], ['C', code], ['M', message]], false)).toContain('s3cr3t');
    }
  });

  it('what a function raised is hidden whole where classified data is near, with the names that it may set', () => {
    const raised: [string, string][] = [['S', 'WARNING'], ['C', '01000'], ['M', 'patient ada moves'], ['D', 'ward seven'], ['H', 'dose 12'], ['c', 's3cr3t'], ['n', 's3cr3t'], ['F', 'pl_exec.c'], ['R', 'exec_stmt_raise']];
    const shown = text(raised, true);
    for (const value of ['ada', 'seven', '12', 's3cr3t']) expect(shown).not.toContain(value);
    expect(shown).toContain('<redacted>');
    expect(text(raised, false)).toContain('patient ada moves');
  });

  it('trees of plans are hidden whole where classified data is near', () => {
    const tree: [string, string][] = [['S', 'LOG'], ['C', '00000'], ['M', 'plan:'], ['D', '{PLANNEDSTMT {CONST :consttype 25 :constvalue 7 [ 28 0 0 0 98 54 112 ]}}']];
    expect(text(tree, true)).not.toContain('98 54 112');
    expect(text(tree, false)).toContain('98 54 112');
  });

  it('keys of a violation are hidden, the name of the constraint is not', () => {
    const shown = text([['S', 'ERROR'], ['C', '23505'], ['M', 'duplicate key value violates unique constraint "customers_email_key"'], ['D', 'Key (email)=(ada@example.org) already exists.']], true);
    expect(shown).toContain('customers_email_key');
    expect(shown).not.toContain('ada@');
  });
});
