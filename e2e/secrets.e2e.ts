/** Promise 7: the target's credential and the person's tokens never reach the window or the disk. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { runProcess } from '../src/testing/process.ts';
import { expect, test } from './fixtures.ts';
import { heapOf } from './heap.ts';

test('no credential and no token in the window, the logs, the recordings, argv or environments', async ({ alice, stack }) => {
  const { page, app } = alice;
  const canary = stack.database.password;
  await alice.openWorkbench('shop');
  await alice.run('SELECT id, email FROM customers LIMIT 5');
  await alice.outcome();
  await alice.goTo('Connections');
  await expect(page.getByText('Reachable').first()).toBeVisible();

  const heap = await heapOf(page);
  // The search can find: what belongs into the window is there.
  expect(heap).toContain('alice@example.com');
  expect(heap.includes(canary)).toBe(false);
  expect(/sps_[A-Za-z0-9_-]{43}/.test(heap)).toBe(false);
  expect(/eyJ[A-Za-z0-9_-]{20,}\.eyJ/.test(heap)).toBe(false);
  // The workbench's own account of the endpoint is main's as well.
  expect(/alice\.app\b/.test(heap)).toBe(false);

  const stored = z.string().parse(await page.evaluate(`indexedDB.databases().then((d) => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, d.length]))`));
  expect(stored).not.toContain(canary);

  const grep = async (needle: string): Promise<string> => (await runProcess('grep', ['-rlaF', needle, path.join(stack.base, 'app-alice')])).stdout;
  expect(await grep(canary)).toBe('');
  expect(await grep('sps_')).toBe('');
  expect(await grep('alice@example.com')).not.toBe('');

  if (process.platform === 'linux') {
    const pids = await app.evaluate(({ app: electron }) => electron.getAppMetrics().map((m) => m.pid));
    for (const pid of pids) {
      for (const file of ['cmdline', 'environ']) expect(readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(canary), `${file} of ${pid}`).toBe(false);
    }
  }
});
