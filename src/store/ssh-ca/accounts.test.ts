import { describe, expect, it } from 'vitest';
import { accountTemplate, sshCa } from '../../contract/store/index.ts';
import { accountOf } from './accounts.ts';

describe('accounts by template', () => {
  it.each([
    ['deploy', 'anybody', 'deploy'],
    ['root', 'anybody', 'root'],
    ['{sub}', 'alice@example.com', 'alice@example.com'],
    ['{local_part@example.com}', 'alice@example.com', 'alice'],
    ['{local_part@example.com}', 'alice@EXAMPLE.com', 'alice'],
    ['web_{local_part@example.com}', 'alice@example.com', 'web_alice'],
    ['{local_part@example.com}-adm', 'a.b+c@example.com', 'a.b+c-adm'],
  ])('%s for %s is %s', (template, sub, account) => {
    expect(accountTemplate.parse(template)).toBe(template);
    expect(accountOf(template, sub)).toBe(account);
  });

  it.each([
    ['{sub}', 'root'],
    ['{sub}', ''],
    ['{sub}', '-oProxyCommand=x'],
    ['{sub}', 'a b'],
    ['{sub}', 'a,b'],
    ['{sub}', 'a/b'],
    ['{sub}', '{sub}'],
    ['{sub}', `a${'b'.repeat(255)}`],
    ['{sub}', 'zoë'],
    ['{local_part@example.com}', 'root@example.com'],
    ['{local_part@example.com}', '@example.com'],
    ['{local_part@example.com}', 'alice'],
    ['{local_part@example.com}', 'alice@example.com.evil'],
    ['{local_part@example.com}', 'alice@notexample.com'],
    ['{local_part@example.com}', 'a@b@example.com'],
    ['{local_part@example.com}', 'alice@example_com'],
    ['ro{local_part@example.com}', 'ot@example.com'],
  ])('%s gives %j none', (template, sub) => {
    expect(() => accountOf(template, sub)).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });

  it.each(['', 'a b', 'a,b', '{name}', '{sub', 'sub}', '{}', '{local_part}', '{local_part@}', '{local_part@EXAMPLE}', 'a\nb'])('%j is no template', (template) => {
    expect(accountTemplate.safeParse(template).success).toBe(false);
  });
});

describe('rules of a target', () => {
  it('have defaults that permit little', () => {
    expect(sshCa.parse({})).toEqual({ lifetime_s: 300, extensions: ['permit-pty'] });
  });

  it.each([{ lifetime_s: 29 }, { lifetime_s: 3_601 }, { lifetime_s: 60.5 }, { principals: [] }, { principals: ['a b'] }, { source_address: ['example.com'] }, { source_address: ['10.0.0.0/33'] }, { extensions: ['permit-X11-forwarding'] }, { force_command: 'x' }])('%j are refused', (rules) => {
    expect(sshCa.safeParse(rules).success).toBe(false);
  });
});
