import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { runProcess } from '../src/testing/process.ts';
import { carolDecides, expect, often, test } from './fixtures.ts';

const EMAIL = /[\w.]+@example\.(com|org|net)/;

test('from sign-in to a verified recording', async ({ alice, stack }) => {
  test.setTimeout(120_000);
  const { page } = alice;
  await expect(page.getByText('Alice Berg')).toBeVisible();
  await alice.openWorkbench('shop');

  await test.step('rows are masked, and shown as masked', async () => {
    await alice.run('SELECT id, name, email, phone, city FROM customers ORDER BY id LIMIT 12');
    const end = await alice.outcome();
    if (end.kind !== 'rows') throw new Error(`no rows: ${JSON.stringify(end)}`);
    expect(end.cells.filter((c) => c.masked).length).toBeGreaterThanOrEqual(20);
    expect(end.cells.some((c) => EMAIL.test(c.text))).toBe(false);
  });

  await test.step('a value inside free text is masked in its cell', async () => {
    await alice.run("SELECT body FROM support_tickets WHERE body LIKE '%@%' ORDER BY id LIMIT 5");
    const end = await alice.outcome();
    if (end.kind !== 'rows') throw new Error(`no rows: ${JSON.stringify(end)}`);
    expect(end.cells.some((c) => EMAIL.test(c.text))).toBe(false);
    expect(end.cells.some((c) => c.masked)).toBe(true);
  });

  await test.step('DROP DATABASE is denied with the reason, and the session goes on', async () => {
    await alice.run('DROP DATABASE shop');
    const end = await alice.outcome();
    if (end.kind !== 'error') throw new Error('it was not denied');
    expect(end.title).toBe('Denied by policy');
    expect(end.text).toContain('42501');
    expect(end.text).toContain('not dropped from a session');
    await alice.run('SELECT 41 + 1 AS answer');
    expect(await alice.outcome()).toMatchObject({ kind: 'rows' });
  });

  await test.step('an UPDATE without WHERE waits, and runs after approval', async () => {
    await alice.run('UPDATE products SET stock = stock + 1');
    await alice.holdBanner.waitFor();
    await carolDecides(stack, 'approve', await alice.pendingApproval(), 'yearly count');
    expect(await alice.outcome()).toEqual({ kind: 'done' });
    await expect(page.getByText(/UPDATE 60/).first()).toBeVisible();
  });

  await test.step('a denial gives the approver’s reason', async () => {
    await alice.run('DELETE FROM order_items');
    await alice.holdBanner.waitFor();
    await carolDecides(stack, 'deny', await alice.pendingApproval(), 'wrong database');
    const end = await alice.outcome();
    if (end.kind !== 'error') throw new Error('it was not denied');
    expect(`${end.title} ${end.text}`).toContain('wrong database');
  });

  await test.step('withdrawing a held statement', async () => {
    await alice.run('DELETE FROM order_items');
    await alice.holdBanner.waitFor();
    await page.getByRole('button', { name: 'Withdraw' }).click();
    const end = await alice.outcome();
    expect(end.kind).toBe('error');
  });

  await test.step('the masked result as CSV', async () => {
    await alice.run('SELECT id, email FROM customers ORDER BY id LIMIT 3');
    await alice.outcome();
    const file = path.join(stack.base, 'result.csv');
    await alice.answerSaveDialog(file);
    await page.getByRole('button', { name: 'Export as CSV' }).click();
    await expect.poll(() => { try { return readFileSync(file, 'utf8'); } catch { return ''; } }, often).toMatch(/^id,email\r\n1,msk_email_\w+\r\n/);
  });

  await test.step('my sessions: uploaded, verified, exported', async () => {
    await page.getByRole('button', { name: /^Close shop/ }).first().click();
    await expect.poll(async () => (await alice.newestSession())?.state, { timeout: 60_000, ...often }).toBe('uploaded');
    const session = await alice.newestSession();
    expect(session).toMatchObject({ connection: 'shop', denied: 1, held: 3 });
    expect(session!.maskedCells).toBeGreaterThan(20);
    await alice.goTo('My sessions');
    await page.getByRole('region', { name: 'Recorded sessions' }).getByRole('button', { name: 'shop' }).first().click();
    await page.getByRole('button', { name: 'Verify now' }).click();
    await expect(page.getByText('Verified', { exact: true }).first()).toBeVisible();
    const file = path.join(stack.base, 'session.srz');
    await alice.answerSaveDialog(file);
    await page.getByRole('button', { name: 'Export .srz' }).click();
    await expect.poll(() => { try { return readFileSync(file).subarray(0, 2).toString('latin1'); } catch { return ''; } }, often).toBe('PK');
  });
});

test('history keeps no sensitive value on disk', async ({ alice, stack }) => {
  await alice.openWorkbench('shop');
  await alice.run("SELECT id FROM customers WHERE email = 'canary.person@example.com'");
  await alice.outcome();
  const entries = z.array(z.object({ sql: z.string() }));
  const answer: unknown = await alice.page.evaluate(`window.sallyport.workbench.history({ limit: 5 }).then((r) => r.value)`);
  expect(entries.parse(answer)[0]?.sql).toContain('canary.person@example.com');
  const found = await runProcess('grep', ['-rl', 'canary.person@example.com', path.join(stack.base, 'app-alice')]);
  expect(found.stdout).toBe('');
});
