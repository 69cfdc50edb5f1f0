import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Command } from 'commander';
import { recordQuery } from '../testing/search-records.ts';
import { indexed, SearchStore } from '../testing/search-store.ts';
import type { RecordedSession } from '../testing/store-recordings.ts';
import { recordingsCommand } from './recordings.ts';
import { reportsCommand } from './reports.ts';

let world: SearchStore;
let session: RecordedSession;
const elsewhere = mkdtempSync(join(tmpdir(), 'sallyport-test-cli-'));
const config = join(elsewhere, 'gateway.yaml');
beforeAll(async () => {
  world = await SearchStore.start('embedded');
  const alice = await world.person('alice@example.com');
  session = await world.recorded(alice, (r) => {
    recordQuery(r, { sql: 'SELECT email\nFROM orders \u001b[2J', hits: ['email:2'], rows: 2 });
    recordQuery(r, { sql: 'DROP TABLE orders', dec: 'deny', reason: 'no drops' });
  });
  await indexed(await world.auditor());
  writeFileSync(config, `data_dir: ${world.store.dataDir}\nstore: embedded\nconnections: []\n`);
}, 120_000);
afterAll(async () => {
  await world.stop();
  rmSync(elsewhere, { recursive: true, force: true });
});

/** Runs the command as the shell would and gives what it prints. */
async function run(command: Command, ...args: string[]): Promise<string> {
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    await command.exitOverride().parseAsync(args, { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return out;
}
const as = (who: string, groups: string): string[] => ['--config', config, '--as', who, '--groups', groups];
const auditor = as('erin@example.com', 'audit');

it('searches by words and filters, and prints nothing that steers a terminal', async () => {
  const out = await run(recordingsCommand(), 'search', 'orders', 'email from', ...auditor, '--facets');
  expect(out).toContain(`alice@example.com  shop  allow, 2 rows, masked email 2  ${session.id}/0\n    SELECT email FROM orders \ufffd[2J\n`);
  expect(out).toContain('1 matches:');
  expect(out).toContain('1 statements\n');
  const json = JSON.parse(await run(recordingsCommand(), 'search', ...auditor, '--decision', 'denied', '--since', '1h', '--json')) as { hits: { reason: string }[]; more: boolean };
  expect(json).toMatchObject({ more: false, hits: [{ reason: 'no drops', statement: 'DROP TABLE orders' }] });
  expect(await run(recordingsCommand(), 'search', ...as('bob@example.com', 'engineering'), '--json')).toContain('"hits":[]');
});

it('names the option that is wrong', async () => {
  await expect(run(recordingsCommand(), 'search', ...auditor, '--decision', 'maybe')).rejects.toThrow(/--decision/);
  await expect(run(recordingsCommand(), 'search', ...auditor, '--since', 'yesterday')).rejects.toThrow(/--since/);
  await expect(run(recordingsCommand(), 'search', ...auditor, '--limit', '0')).rejects.toThrow(/--limit/);
  await expect(run(recordingsCommand(), 'search', '%%%', ...auditor)).rejects.toThrow(/no word/);
  await expect(run(recordingsCommand(), 'reindex', 'x', ...auditor)).rejects.toThrow(/session id/);
  await expect(run(recordingsCommand(), 'reindex', ...auditor)).rejects.toThrow(/roles/);
  expect(await run(recordingsCommand(), 'reindex', ...as('root@example.com', 'platform'))).toMatch(/^\d+ parts/);
});

it('makes reports as text, CSV and a page', async () => {
  await indexed(await world.auditor());
  const text = await run(reportsCommand(), 'access-review', ...auditor, '--since', '1h');
  expect(text).toContain('Person: alice@example.com');
  expect(text).toMatch(/1 rows; transparency log at \d+ entries, root [0-9a-f]{64}/);
  const csv = join(elsewhere, 'x.csv');
  const html = join(elsewhere, 'x.html');
  await run(reportsCommand(), 'exceptions', ...auditor, '--csv', csv, '--html', html);
  expect(readFileSync(csv, 'utf8')).toContain('"denied","alice@example.com"');
  expect(readFileSync(html, 'utf8')).toContain('<td>no drops</td>');
  await expect(run(reportsCommand(), 'activity', ...as('bob@example.com', 'engineering'))).rejects.toThrow(/roles/);
});
