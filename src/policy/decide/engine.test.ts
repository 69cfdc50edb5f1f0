import { describe, expect, it } from 'vitest';
import { agent, analysis, bundleFiles, person, request, shop } from '../../testing/policy.ts';
import { compileBundle } from '../bundle/load.ts';
import type { Outcome, PolicyEngine, StatementAnalysis } from '../types.ts';

const PERMIT = '@id("all")\npermit(principal, action, resource);\n';
const HOLD_DROP = '@id("hold-drop") @reason("drop waits") @approve("dba") @quorum("2") @expires("10m")\nforbid(principal, action == Action::"sql:drop", resource) unless { context.approved };\n';
const DENY_DROP = '@id("no-drop") @reason("never drop") @advice("ask ops")\nforbid(principal, action == Action::"sql:drop", resource);\n';

function engineOf(policies: string, classification = 'classes: []\n', more: Readonly<Record<string, string>> = {}): PolicyEngine {
  return compileBundle(bundleFiles({ 'policies/main.cedar': policies, 'classification.yaml': classification, ...more })).engine;
}

const CLASSES = `classes:
  - { id: email, columns: [email], mask: { kind: token }, predicates: equality }
  - { id: card, columns: [card], mask: { kind: partial }, predicates: deny }
  - { id: pin, columns: [pin], mask: { kind: "null" }, predicates: deny }
  - { id: note, columns: [note], mask: { kind: full }, predicates: allow }
`;
/** Everything but unmask. */
const WORK = '@id("work")\npermit(principal, action in Action::"sql", resource);\n';
const column = (...names: string[]) => names.map((column) => ({ schema: 'public', table: 'customers', column }));
const selecting = (output: StatementAnalysis['output']) => analysis('sql:select', { output }, { tables: ['public.customers'] });

function planOf(outcome: Outcome) {
  if (outcome.effect !== 'allow') throw new Error(`not allowed: ${outcome.reason}`);
  return outcome.maskPlan;
}

describe('fail closed', () => {
  it('denies when a forbid errors, which Cedar alone would skip and allow', () => {
    const engine = engineOf(`${PERMIT}@id("trap") @reason("r")\nforbid(principal, action == Action::"sql:drop", resource) when { 9223372036854775807 + 1 > 0 };\n`);
    const outcome = engine.decide(request(analysis('sql:drop')));
    expect(outcome).toMatchObject({ effect: 'deny', policyIds: [] });
    expect(outcome).toHaveProperty('reason', expect.stringContaining('could not be evaluated') as string);
    expect(engine.decide(request(analysis('sql:select'))).effect).toBe('allow');
  });

  it('denies when a permit errors beside one that holds', () => {
    const engine = engineOf(`${PERMIT}@id("trap")\npermit(principal, action, resource) when { 9223372036854775807 + 1 > 0 };\n`);
    expect(engine.decide(request(analysis('sql:select'))).effect).toBe('deny');
  });

  it('masks when an unmask policy errors', () => {
    const engine = engineOf(`${WORK}@id("open")\npermit(principal, action == Action::"unmask", resource);\n@id("trap") @reason("r")\nforbid(principal, action == Action::"unmask", resource) when { 9223372036854775807 + 1 > 0 };\n`, CLASSES);
    expect(planOf(engine.decide(request(selecting([{ name: 'email', sources: column('email'), exact: true }])))).unmasked).toEqual([]);
  });

  it('denies what the analysis refuses, whatever policy says', () => {
    const refused = analysis('sql:select', { refusal: { code: 'parse', message: 'cannot be parsed' } });
    expect(engineOf(PERMIT).decide(request(refused, { approved: true }))).toEqual({ effect: 'deny', reason: 'cannot be parsed', policyIds: [] });
  });

  it('denies a statement of unknown kind that claims to do nothing, unless opaque code is permitted', () => {
    const engine = engineOf('@id("some")\npermit(principal, action in [Action::"sql:read", Action::"sql:session"], resource);\n');
    expect(engine.decide(request(analysis('sql:select', {}, { operations: [], statement: 'FROBNICATE' }))).effect).toBe('deny');
    expect(engine.decide(request(analysis('sql:select', {}, { operations: [], statement: 'SELECT' }))).effect).toBe('allow');
    expect(engine.decide(request(analysis('sql:select', {}, { operations: [], statement: 'SELECT', writes: true }))).effect).toBe('deny');
    expect(engine.decide(request(analysis('sql:select', {}, { operations: [], statement: 'SHOW' }))).effect).toBe('allow');
  });

  it('denies labels that could be read in two ways and principals without a subject', () => {
    const engine = engineOf(PERMIT);
    expect(engine.decide(request(analysis('sql:select'), { connection: { ...shop, labels: { 'env=prod': '' } } })).effect).toBe('deny');
    expect(engine.decide(request(analysis('sql:select'), { principal: person('') })).effect).toBe('deny');
  });

  it('denies questions that are not requests', () => {
    for (const action of ['unmask', 'approve', 'sql:select'] as const) expect(engineOf(PERMIT).decide(request(undefined, { action })).effect).toBe('deny');
  });
});

describe('combining operations', () => {
  const two = (first: 'sql:select' | 'sql:drop', second: 'sql:drop' | 'sql:truncate') =>
    analysis('sql:select', {}, { operations: [first, second].map((action) => ({ action, object: { kind: 'table', schema: 'public', name: 'orders' }, label: action })) });

  it('says what no policy permits, for whom', () => {
    const engine = engineOf('@id("read")\npermit(principal, action == Action::"sql:select", resource);\n');
    expect(engine.decide(request(two('sql:select', 'sql:truncate')))).toEqual({
      effect: 'deny',
      reason: 'no policy permits sql:truncate on public.orders for alice@example.com',
      policyIds: [],
    });
  });

  it('holds with quorum, expiry and groups; allows with the approvals in hand', () => {
    const engine = engineOf(PERMIT + HOLD_DROP);
    expect(engine.decide(request(analysis('sql:drop')))).toEqual({ effect: 'hold', reason: 'drop waits', policyIds: ['hold-drop'], approvers: ['dba'], quorum: 2, expiresMs: 600_000 });
    expect(engine.decide(request(analysis('sql:drop'), { approved: true }))).toMatchObject({ effect: 'allow', policyIds: ['all'] });
  });

  it('does not hold what no policy would permit afterwards', () => {
    const engine = engineOf(`${HOLD_DROP}@id("read")\npermit(principal, action == Action::"sql:select", resource);\n`);
    expect(engine.decide(request(analysis('sql:drop')))).toMatchObject({ effect: 'deny', policyIds: [] });
  });

  it('denies when a plain forbid stands beside a liftable one, approved or not', () => {
    const engine = engineOf(PERMIT + HOLD_DROP + DENY_DROP);
    expect(engine.decide(request(analysis('sql:drop')))).toMatchObject({ effect: 'deny', reason: 'never drop. ask ops' });
    expect(engine.decide(request(analysis('sql:drop'), { approved: true }))).toMatchObject({ effect: 'deny', policyIds: ['no-drop'] });
  });

  it('denies when one operation is denied and another held', () => {
    const engine = engineOf(`${PERMIT}${HOLD_DROP}@id("no-truncate") @reason("no truncate")\nforbid(principal, action == Action::"sql:truncate", resource);\n`);
    expect(engine.decide(request(two('sql:drop', 'sql:truncate')))).toMatchObject({ effect: 'deny', reason: 'no truncate' });
  });

  it('takes the strictest of several holds', () => {
    const other = '@id("hold-truncate") @reason("truncate waits") @approve("security") @quorum("1") @expires("5m")\nforbid(principal, action == Action::"sql:truncate", resource) unless { context.approved };\n';
    expect(engineOf(PERMIT + HOLD_DROP + other).decide(request(two('sql:drop', 'sql:truncate')))).toEqual({
      effect: 'hold',
      reason: 'drop waits; truncate waits',
      policyIds: ['hold-drop', 'hold-truncate'],
      approvers: ['dba', 'security'],
      quorum: 2,
      expiresMs: 300_000,
    });
  });

  it('lets the approver group ask for more than the policy does', () => {
    const engine = engineOf(PERMIT + HOLD_DROP, undefined, { 'approvals.yaml': 'groups:\n  - { id: dba, quorum: 3, expires: 2m }\n' });
    expect(engine.decide(request(analysis('sql:drop')))).toMatchObject({ quorum: 3, expiresMs: 120_000 });
  });

  it('judges a cursor when it is declared and a prepared statement when it runs', () => {
    const engine = engineOf(PERMIT + HOLD_DROP);
    const body = analysis('sql:drop');
    const session = { operations: [{ action: 'sql:session', object: { kind: 'none' }, label: 'x' }] } as const;
    expect(engine.decide(request(analysis('sql:session', { effects: { ...body.effects, declare: { name: 'c', body } } }, session))).effect).toBe('hold');
    expect(engine.decide(request(analysis('sql:session', { effects: { ...body.effects, prepare: { name: 'p', body } } }, session))).effect).toBe('allow');
    expect(engineOf(PERMIT + DENY_DROP).decide(request(analysis('sql:session', { effects: { ...body.effects, prepare: { name: 'p', body } } }, session))).effect).toBe('deny');
  });
});

describe('what policies can tell apart', () => {
  it('labels, connections, schemas, tables and their like', () => {
    const engine = engineOf(`${PERMIT}
@id("label") @reason("label")
forbid(principal, action == Action::"sql:drop", resource in Label::"env=prod");
@id("schema") @reason("schema")
forbid(principal, action == Action::"sql:delete", resource in Schema::"shop/public");
@id("table") @reason("table")
forbid(principal, action == Action::"sql:update", resource == Table::"shop/public.orders");
`);
    expect(engine.decide(request(analysis('sql:drop'))).effect).toBe('deny');
    expect(engine.decide(request(analysis('sql:drop'), { connection: { ...shop, labels: { env: 'dev' } } })).effect).toBe('allow');
    expect(engine.decide(request(analysis('sql:delete'))).effect).toBe('deny');
    expect(engine.decide(request(analysis('sql:update'))).effect).toBe('deny');
    const odd = { operations: [{ action: 'sql:update', object: { kind: 'table', schema: 'public.orders', name: 'x' }, label: 'UPDATE' }] } as const;
    expect(engine.decide(request(analysis('sql:update', {}, odd))).effect).toBe('allow');
  });

  it('the time, without remembering an answer', () => {
    const engine = engineOf(`${PERMIT}@id("night") @reason("closed at night")\nforbid(principal, action, resource) when { context has time && context.time.toTime() < duration("6h") };\n`);
    const statement = analysis('sql:select');
    const at = (hour: number) => engine.decide(request(statement, { timeMs: Date.UTC(2026, 0, 1, hour) })).effect;
    expect([at(12), at(3), at(12)]).toEqual(['allow', 'deny', 'allow']);
  });

  it('decides connect and records its plan', () => {
    const outcome = engineOf(PERMIT, CLASSES).decide(request(undefined));
    expect(outcome).toMatchObject({ effect: 'allow', recordLevel: 'masked', maskPlan: { columns: 'detect_all', scrubMessages: false } });
    expect(engineOf(WORK).decide(request(undefined))).toMatchObject({ effect: 'deny', reason: 'no policy permits connect to shop for alice@example.com' });
  });

  it('the recording level: the highest that matches', () => {
    const engine = engineOf(PERMIT, undefined, { 'recording.yaml': 'level: statement\nrules:\n  - { labels: { env: prod }, level: full }\n  - { actions: ["sql:select"], level: masked }\n' });
    const level = (r: ReturnType<typeof request>) => (engine.decide(r) as Extract<Outcome, { effect: 'allow' }>).recordLevel;
    expect(level(request(analysis('sql:select')))).toBe('full');
    expect(level(request(analysis('sql:select'), { connection: { ...shop, labels: {} } }))).toBe('masked');
    expect(level(request(analysis('sql:update'), { connection: { ...shop, labels: {} } }))).toBe('statement');
  });
});

describe('memory of decisions', () => {
  it('never lets an approved answer out to an unapproved request, in either order', () => {
    const statement = analysis('sql:drop');
    const engine = engineOf(PERMIT + HOLD_DROP);
    const ask = (approved: boolean) => engine.decide(request(statement, { approved })).effect;
    expect([ask(true), ask(false), ask(true), ask(false)]).toEqual(['allow', 'hold', 'allow', 'hold']);
  });

  it('keeps people, groups, connections, clients and objects apart', () => {
    const engine = engineOf(`@id("eng") permit(principal in Group::"engineering", action in Action::"sql", resource is Table in Connection::"shop") when { context.client == "native" && resource.name == "orders" };\n`);
    const statement = analysis('sql:select');
    const other = analysis('sql:select', {}, { operations: [{ action: 'sql:select', object: { kind: 'table', schema: 'public', name: 'secrets' }, label: 'SELECT' }] });
    expect(engine.decide(request(statement)).effect).toBe('allow');
    expect(engine.decide(request(statement, { principal: person('alice@example.com') })).effect).toBe('deny');
    expect(engine.decide(request(statement, { principal: person('bob@example.com') })).effect).toBe('deny');
    expect(engine.decide(request(statement, { connection: { ...shop, name: 'other' } })).effect).toBe('deny');
    expect(engine.decide(request(statement, { client: 'agent' })).effect).toBe('deny');
    expect(engine.decide(request(other)).effect).toBe('deny');
    expect(engine.decide(request(statement)).effect).toBe('allow');
  });
});

describe('mask plans', () => {
  const SUPPORT = `${WORK}@id("support-email")\npermit(principal in Group::"support", action == Action::"unmask", resource == DataClass::"email");\n`;
  const outputs: StatementAnalysis['output'] = [
    { name: 'id', sources: column('id'), exact: true },
    { name: 'email', sources: column('email'), exact: true },
    { name: 'card', sources: column('card'), exact: true },
    { name: 'count', sources: [], exact: false },
  ];

  it('masks by class, with the rule that did it', () => {
    expect(planOf(engineOf(WORK, CLASSES).decide(request(selecting(outputs))))).toEqual({
      columns: [
        'detect',
        { classId: 'email', kind: 'token', rule: 'email on public.customers.email' },
        { classId: 'card', kind: 'partial', rule: 'card on public.customers.card' },
        'detect',
      ],
      unmasked: [],
      scrubMessages: true,
    });
  });

  it('unmasks a class for whom policy permits it, and keeps people apart', () => {
    const engine = engineOf(SUPPORT, CLASSES);
    const statement = selecting(outputs);
    const sam = planOf(engine.decide(request(statement, { principal: person('sam', 'support') })));
    expect(sam).toMatchObject({ unmasked: ['email'], shown: ['email'], columns: ['detect', 'detect', { classId: 'card' }, 'detect'] });
    expect(planOf(engine.decide(request(statement))).unmasked).toEqual([]);
  });

  it('unmasks for an agent only by a policy that names Agent', () => {
    const bot = { principal: agent('bot', 'support') };
    expect(planOf(engineOf(SUPPORT, CLASSES).decide(request(selecting(outputs), bot))).unmasked).toEqual([]);
    expect(planOf(engineOf(PERMIT, CLASSES).decide(request(selecting(outputs), bot))).unmasked).toEqual([]);
    const named = `${SUPPORT}@id("bots")\npermit(principal is Agent in Group::"support", action == Action::"unmask", resource == DataClass::"email");\n`;
    expect(planOf(engineOf(named, CLASSES).decide(request(selecting(outputs), bot))).unmasked).toEqual(['email']);
  });

  it('needs every class of a column to be unmasked, and takes the strictest kind', () => {
    const both = selecting([{ name: 'x', sources: column('email', 'card', 'pin'), exact: false }]);
    const sam = { principal: person('sam', 'support') };
    expect(planOf(engineOf(SUPPORT, CLASSES).decide(request(both, sam))).columns).toEqual([{ classId: 'pin', kind: 'null', rule: 'pin on public.customers.pin' }]);
    const cards = selecting([{ name: 'x', sources: column('email', 'card'), exact: true }]);
    expect(planOf(engineOf(SUPPORT, CLASSES).decide(request(cards, sam))).columns).toMatchObject([{ classId: 'card' }]);
  });

  it('never tokenises or shows part of a derived value', () => {
    const derived = selecting([
      { name: 'e', sources: column('email'), exact: false },
      { name: 'c', sources: column('card'), exact: false },
    ]);
    expect(planOf(engineOf(WORK, CLASSES).decide(request(derived))).columns).toMatchObject([{ kind: 'full' }, { kind: 'full' }]);
  });

  it('never shows part of a value that may be of either of two classes', () => {
    const rules = `classes:
  - { id: card, columns: [card], mask: { kind: partial }, predicates: deny }
  - { id: iban, columns: [iban], mask: { kind: partial }, predicates: deny }
`;
    const plan = (...names: string[]) => planOf(engineOf(WORK, rules).decide(request(selecting([{ name: 'x', sources: column(...names), exact: true }])))).columns;
    expect(plan('card', 'iban')).toMatchObject([{ kind: 'full' }]);
    expect(plan('card', 'id')).toMatchObject([{ kind: 'partial' }]);
  });

  it('lets detectors look at everything where lineage made no claim', () => {
    expect(planOf(engineOf(WORK, CLASSES).decide(request(selecting('untracked')))).columns).toBe('detect_all');
    expect(planOf(engineOf(WORK, CLASSES).decide(request(selecting('none')))).columns).toEqual([]);
  });

  it('scrubs messages only where they could quote a masked value', () => {
    const rules = 'classes:\n  - { id: email, columns: [public.customers.email], mask: { kind: token }, predicates: allow }\n';
    const scrub = (statement: StatementAnalysis, policies = WORK) => planOf(engineOf(policies, rules).decide(request(statement))).scrubMessages;
    expect(scrub(analysis('sql:insert', {}, { tables: ['public.customers'] }))).toBe(true);
    expect(scrub(analysis('sql:insert'))).toBe(false);
    expect(scrub(analysis('sql:opaque'))).toBe(true);
    expect(scrub(analysis('sql:insert', {}, { tables: ['public.customers'] }), PERMIT)).toBe(false);
  });
});

describe('filters on masked columns', () => {
  const filtering = (name: string, kind: 'equality' | 'other') => analysis('sql:select', { predicates: [{ column: column(name)[0]!, kind }] });
  const READ = '@id("read")\npermit(principal, action == Action::"sql:select", resource);\n';

  it.each([
    ['email', 'equality', 'allow'],
    ['email', 'other', 'deny'],
    ['card', 'equality', 'deny'],
    ['note', 'other', 'allow'],
    ['id', 'other', 'allow'],
  ] as const)('%s by %s: %s', (name, kind, effect) => {
    expect(engineOf(READ, CLASSES).decide(request(filtering(name, kind))).effect).toBe(effect);
  });

  it('are free on a class that the person sees in clear', () => {
    const engine = engineOf(`${READ}@id("open")\npermit(principal, action == Action::"unmask", resource == DataClass::"card");\n`, CLASSES);
    expect(engine.decide(request(filtering('card', 'other'))).effect).toBe('allow');
  });

  it('can be permitted or held by policy, which sees the class and the kind', () => {
    const engine = engineOf(`${READ}@id("p")\npermit(principal, action == Action::"sql:predicate", resource == DataClass::"card") when { context.predicate == "other" };\n`, CLASSES);
    expect(engine.decide(request(filtering('card', 'other'))).effect).toBe('allow');
    expect(engine.decide(request(filtering('card', 'equality'))).effect).toBe('deny');
  });
});

describe('mayApprove', () => {
  const APPROVE = '@id("approve")\npermit(principal in Group::"dba", action == Action::"approve", resource) when { !(context.requesterGroups.contains("vip")) };\n';
  const engine = engineOf(`${WORK}${HOLD_DROP}${APPROVE}@id("hold-grant") @reason("grant waits") @approve("security,dba")\nforbid(principal, action == Action::"sql:grant", resource) unless { context.approved };\n`);
  const dora = person('dora@example.com', 'dba');
  const drop = request(analysis('sql:drop'));

  it('permits a member of the group, also once the request says approved', () => {
    expect(engine.mayApprove(dora, drop)).toEqual({ allowed: true, reason: 'permitted by approve' });
    expect(engine.mayApprove(dora, { ...drop, approved: true }).allowed).toBe(true);
  });

  it.each([
    ['the requester', person('alice@example.com', 'dba'), 'nobody approves their own request'],
    ['the requester in other letters', person('ALICE@example.com', 'dba'), 'nobody approves their own request'],
    ['the requester from another issuer', { ...person('alice@example.com', 'dba'), issuer: 'https://other' }, 'nobody approves their own request'],
    ['a program', agent('bot', 'dba'), 'only a person'],
    ['somebody of another group', person('eve@example.com', 'engineering'), 'in none of the groups'],
  ])('refuses %s', (_who, approver, reason) => {
    const answer = engine.mayApprove(approver, drop);
    expect(answer.allowed).toBe(false);
    expect(answer.reason).toContain(reason);
  });

  it('refuses a member whom no approve policy permits', () => {
    const grant = request(analysis('sql:grant'));
    expect(engine.mayApprove(person('sec', 'security'), grant)).toMatchObject({ allowed: false, reason: expect.stringContaining('no policy permits approve') as string });
    expect(engine.mayApprove(dora, grant).allowed).toBe(true);
  });

  it('shows the requester to the policy', () => {
    expect(engine.mayApprove(dora, { ...drop, principal: person('vip', 'vip') }).allowed).toBe(false);
  });

  it('asks for membership in the groups of every held policy', () => {
    const both = engineOf(`${PERMIT}${HOLD_DROP}@id("hold-2") @reason("r") @approve("security")\nforbid(principal, action == Action::"sql:drop", resource) unless { context.approved };\n`);
    expect(both.mayApprove(dora, drop).allowed).toBe(false);
    expect(both.mayApprove(person('d', 'dba', 'security'), drop).allowed).toBe(true);
  });

  it('refuses where nothing is held', () => {
    expect(engine.mayApprove(dora, request(analysis('sql:select')))).toEqual({ allowed: false, reason: 'policy does not hold this request' });
  });
});
