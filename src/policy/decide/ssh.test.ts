import { beforeAll, describe, expect, it } from 'vitest';
import { agent, bundleFiles, person } from '../../testing/policy.ts';
import { compileBundle } from '../bundle/load.ts';
import { initParser } from '../parse.ts';
import { analyseCommand } from '../shell/analyse.ts';
import type { ConnectionInfo, Outcome, PolicyEngine, Request, SshRequest } from '../types.ts';
import { sshActionOf } from './ssh-action.ts';

const web: ConnectionInfo = { name: 'web1', protocol: 'ssh', labels: { env: 'prod' }, database: '', tls: 'verify' };
const exec = (text: string): SshRequest => ({ kind: 'exec', command: analyseCommand(text) });
const engineOf = (changes: Record<string, string | undefined>): PolicyEngine => compileBundle(bundleFiles(changes)).engine;
const ask = (engine: PolicyEngine, ssh: SshRequest, changes: Partial<Request> = {}): Outcome =>
  engine.decide({ principal: person('alice@example.com'), connection: web, client: 'native', deviceId: 'd', timeMs: 0, approved: false, action: sshActionOf(ssh), ssh, ...changes });

const ALL = '@id("all")\npermit(principal, action, resource);\n';
beforeAll(initParser);

describe('decisions on SSH', () => {
  it('asks about the line and about each file, and the strictest answer counts', () => {
    const engine = engineOf({
      'policies/main.cedar': `${ALL}
@id("no-etc") @reason("not /etc") forbid(principal, action in Action::"ssh:write", resource is File) when { resource.path like "/etc/*" };
@id("hold-rm") @reason("rm waits") @approve("dba") forbid(principal, action == Action::"ssh:exec", resource is Host) when { context.programs.contains("rm") } unless { context.approved };`,
    });
    expect(ask(engine, exec('cat /etc/hosts')).effect).toBe('allow');
    expect(ask(engine, exec('rm x'))).toMatchObject({ effect: 'hold', policyIds: ['hold-rm'], approvers: ['dba'] });
    expect(ask(engine, exec('rm x > /etc/y'))).toMatchObject({ effect: 'deny', policyIds: ['no-etc'] });
    expect(ask(engine, exec('rm x'), { approved: true }).effect).toBe('allow');
    expect(ask(engine, { kind: 'sftp', operation: 'write', path: '/etc/y' })).toMatchObject({ effect: 'deny', policyIds: ['no-etc'] });
    expect(ask(engine, { kind: 'sftp', operation: 'rename', path: '/tmp/y', newPath: '/etc/y' }).effect).toBe('deny');
  });

  it('puts files into the classes whose paths they match, and asks anew where they only may', () => {
    const engine = engineOf({
      'classification.yaml': 'classes:\n  - { id: keys, columns: [], paths: [/etc/shadow], mask: { kind: full }, predicates: deny }\n',
      'policies/main.cedar': `${ALL}
@id("sure") @reason("no") forbid(principal, action in Action::"ssh:read", resource in DataClass::"keys") when { context.exact };
@id("maybe") @reason("no") @approve("dba") forbid(principal, action in Action::"ssh:read", resource in DataClass::"keys") when { !context.exact } unless { context.approved };`,
    });
    expect(ask(engine, exec('cat /etc/shadow'))).toMatchObject({ effect: 'deny', policyIds: ['sure'] });
    expect(ask(engine, exec('tar c /etc/shadow'))).toMatchObject({ effect: 'deny', policyIds: ['sure'] });
    expect(ask(engine, exec('cat /etc/s*'))).toMatchObject({ effect: 'hold', policyIds: ['maybe'] });
    expect(ask(engine, exec('tar c /etc'))).toMatchObject({ effect: 'hold', policyIds: ['maybe'] });
    expect(ask(engine, exec('cat /etc/hosts')).effect).toBe('allow');
  });

  it('permits remote forwards and the agent only by name', () => {
    const engine = engineOf({ 'policies/main.cedar': '@id("ssh") permit(principal, action in Action::"ssh", resource);\n@id("agent") permit(principal is Agent, action == Action::"ssh:agent_forward", resource);' });
    expect(ask(engine, { kind: 'forward', direction: 'local', host: 'db', port: 5432 }).effect).toBe('allow');
    expect(ask(engine, { kind: 'forward', direction: 'remote', host: '0.0.0.0', port: 1 }).effect).toBe('deny');
    expect(ask(engine, { kind: 'agent' }).effect).toBe('deny');
    expect(ask(engine, { kind: 'agent' }, { principal: agent('bot') }).effect).toBe('allow');
  });

  it('says which policy would permit them, and that policy does', () => {
    const none = engineOf({ 'policies/main.cedar': '@id("ssh") permit(principal, action in Action::"ssh", resource);' });
    for (const ssh of [{ kind: 'agent' }, { kind: 'forward', direction: 'remote', host: 'localhost', port: 8080 }, { kind: 'forward', direction: 'remote', host: '', port: 0 }] as const) {
      const refused = ask(none, ssh);
      const text = /A permit has to name it: (permit.*;)$/.exec(refused.effect === 'deny' ? refused.reason : '')?.[1];
      expect(ask(engineOf({ 'policies/main.cedar': `@id("named") ${text ?? ''}` }), ssh)).toMatchObject({ effect: 'allow', policyIds: ['named'] });
    }
  });

  it.each<[string, SshRequest, Partial<Request>]>([
    ['an action that is not the request\'s', exec('ls'), { action: 'ssh:shell' }],
    ['a connection of another protocol', exec('ls'), { connection: { ...web, protocol: 'postgres' } }],
    ['a path that is not absolute', { kind: 'sftp', operation: 'read', path: 'x' }, {}],
    ['a path that climbs', { kind: 'sftp', operation: 'read', path: '/tmp/../etc/shadow' }, {}],
    ['a path with NUL', { kind: 'sftp', operation: 'read', path: '/tmp/\0' }, {}],
    ['a port that is none', { kind: 'forward', direction: 'local', host: 'x', port: 70_000 }, {}],
    ['a listener at an address that is none', { kind: 'forward', direction: 'remote', host: 'localhost\0x', port: 1 }, {}],
    ['a listener at an address that was not UTF-8', { kind: 'forward', direction: 'remote', host: 'local\ufffd', port: 1 }, {}],
    ['a line with NUL', exec('ls\0'), {}],
    ['a line that is too long', exec('a'.repeat(100_000)), {}],
  ])('denies %s, though policy permits everything', (_what, ssh, changes) => {
    expect(ask(engineOf({}), ssh, changes).effect).toBe('deny');
  });

  it('denies an SSH action without a request', () => {
    const request: Request = { principal: person('a'), connection: web, client: 'native', deviceId: 'd', timeMs: 0, approved: false, action: 'ssh:exec' };
    expect(engineOf({}).decide(request).effect).toBe('deny');
  });

  it('lets a held line be approved by those whom the policy names', () => {
    const engine = engineOf({ 'policies/main.cedar': `${ALL}\n@id("hold") @reason("waits") @approve("dba") forbid(principal, action == Action::"ssh:exec", resource) unless { context.approved };` });
    const ssh = exec('ls');
    const request: Request = { principal: person('alice@example.com'), connection: web, client: 'native', deviceId: 'd', timeMs: 0, approved: false, action: 'ssh:exec', ssh };
    expect(engine.mayApprove(person('dora@example.com', 'dba'), request).allowed).toBe(true);
    expect(engine.mayApprove(person('alice@example.com', 'dba'), request).allowed).toBe(false);
  });
});

describe('terminal.yaml', () => {
  const terminal = (text: string | undefined): unknown => {
    const outcome = ask(engineOf({ 'terminal.yaml': text }), { kind: 'shell' });
    return outcome.effect === 'allow' ? outcome.terminal : outcome.effect;
  };

  it('is as strict as it goes where there is none', () => {
    expect(terminal(undefined)).toEqual({ mode: 'command', uncertain: 'deny', env: [] });
  });

  it('counts the strictest of the default and all rules that match', () => {
    expect(terminal('mode: observe\nuncertain: observe\nenv: [LANG]\n')).toEqual({ mode: 'observe', uncertain: 'observe', env: ['LANG'] });
    expect(terminal('mode: observe\nuncertain: deny\nrules:\n  - { labels: { env: prod }, mode: gate, uncertain: observe }\n')).toEqual({ mode: 'gate', uncertain: 'deny', env: [] });
    expect(terminal('mode: command\nrules:\n  - { connections: [web1], mode: observe }\n')).toMatchObject({ mode: 'command' });
    expect(terminal('mode: observe\nrules:\n  - { connections: [other], mode: command }\n')).toMatchObject({ mode: 'observe', uncertain: 'deny' });
  });

  it.each(['mode: watch\n', 'mode: gate\nuncertain: allow\n', 'mode: gate\nuncertain: hold\n', 'mode: gate\nenv: ["*"]\n', 'mode: gate\nextra: 1\n'])('refuses %j', (text) => {
    expect(() => terminal(text)).toThrow(/terminal\.yaml/);
  });
});
