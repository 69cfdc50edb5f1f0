import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { verifyDecision } from '../evidence/approval.ts';
import { approvalRequest, type Person, startTestStore, type TestStore } from '../testing/store-harness.ts';
import { approvalsCommand } from './approvals.ts';

let store: TestStore;
let alice: Person;
let config: string;
const elsewhere = mkdtempSync(join(tmpdir(), 'sallyport-test-cli-'));
beforeAll(async () => {
  store = await startTestStore();
  alice = await store.person('alice@example.com', ['engineering']);
  config = join(elsewhere, 'gateway.yaml');
  writeFileSync(config, `data_dir: ${store.dataDir}\nstore: embedded\nconnections: []\n`);
});
afterAll(async () => {
  await store.stop();
  rmSync(elsewhere, { recursive: true, force: true });
});

/** Runs the command as the shell would and gives what it prints. */
async function run(...args: string[]): Promise<string> {
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    await approvalsCommand().exitOverride().parseAsync(args, { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return out;
}
const as = (who: string, groups: string): string[] => ['--config', config, '--as', who, '--groups', groups];

it('lists, shows and approves as a second person, with a key of their own', async () => {
  const request = approvalRequest(alice, Date.now(), { statement: 'UPDATE customers\nSET active = \u001b[2Jfalse', params: ['a\u202eb'] });
  await alice.client.requestApproval(request);
  expect(await run('list', ...as('carol@example.com', 'dba'))).toContain(`* ${request.id}`);
  const shown = await run('show', request.id, ...as('carol@example.com', 'dba'));
  expect(shown).toContain('UPDATE customers\nSET active = \\u{1b}[2Jfalse');
  expect(shown).toContain('$1 = a\\u{202e}b');
  expect(shown).toContain('UPDATE without WHERE (hold-update-without-where)');
  expect(await run('approve', request.id, ...as('carol@example.com', 'dba'), '--reason', 'agreed')).toBe(`Approved: ${request.id}\n`);
  const status = await alice.client.waitApproval(request.id, 0, new AbortController().signal);
  expect(status).toMatchObject({ state: 'approved', decisions: [{ decision: { reason: 'agreed', approver: { sub: 'carol@example.com' } } }] });
  await verifyDecision({ envelope: status.decisions[0]!.envelope, request, keys: await alice.client.approverKeys(), nowMs: Date.now() });
  expect(readdirSync(join(store.dataDir, 'devices'))).toEqual(['carol@example.com']);
  expect(statSync(join(store.dataDir, 'devices', 'carol@example.com', 'device.json')).mode & 0o777).toBe(0o600);
});

it('denies with a reason, and prints JSON', async () => {
  const request = approvalRequest(alice, Date.now());
  await alice.client.requestApproval(request);
  const out = JSON.parse(await run('deny', request.id, ...as('carol@example.com', 'dba'), '--reason', 'no', '--json')) as { state: string };
  expect(out.state).toBe('denied');
});

it('refuses the requester, outsiders and nonsense', async () => {
  const request = approvalRequest(alice, Date.now());
  await alice.client.requestApproval(request);
  await expect(run('approve', request.id, ...as('alice@example.com', 'dba'), '--reason', 'mine')).rejects.toThrow(/own request/);
  await expect(run('approve', request.id, ...as('eve@example.com', 'engineering'), '--reason', 'x')).rejects.toThrow(/no such approval/);
  await expect(run('approve', 'apr_1', ...as('carol@example.com', 'dba'), '--reason', 'x')).rejects.toMatchObject({ name: 'ConfigError' });
  await expect(run('approve', request.id, ...as('carol@example.com', 'dba'), '--reason', ' ')).rejects.toMatchObject({ name: 'ConfigError' });
  await expect(run('list', '--config', config)).rejects.toThrow(/say who decides/);
});

it('says that no store runs on a data directory, and refuses --as against a real store', async () => {
  const other = join(elsewhere, 'other.yaml');
  writeFileSync(other, `data_dir: ${elsewhere}\n`);
  await expect(run('list', '--config', other, '--as', 'x')).rejects.toThrow(/no embedded store is running/);
  writeFileSync(other, `data_dir: ${elsewhere}\nstore: https://store.example.com\n`);
  await expect(run('list', '--config', other, '--as', 'x')).rejects.toThrow(/only with an embedded store/);
  await expect(run('list', '--config', other)).rejects.toThrow(/token-file/);
});
