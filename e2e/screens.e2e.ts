/** Every screen in both themes (SALLYPORT_PICTURES=all: each at both sizes), and nothing serious by axe. */
import { carolDecides, test } from './fixtures.ts';
import { shoot } from './pictures.ts';

test('sign-in', async ({ launch }) => {
  const station = await launch('nobody', undefined);
  const { page } = station;
  await shoot(station, 'sign-in', () => page.getByRole('button', { name: 'Sign in with your organisation' }).waitFor());
});

test('all screens of a signed-in person', async ({ alice, stack }) => {
  test.setTimeout(180_000);
  const { page } = alice;
  await alice.openWorkbench('shop');
  await alice.run('UPDATE products SET stock = stock + 1');
  await alice.holdBanner.waitFor();
  await shoot(alice, 'workbench-held', () => alice.holdBanner.waitFor());
  const id = await alice.pendingApproval();
  await shoot(alice, 'approvals', async () => {
    await alice.goTo('Approvals');
    await page.getByRole('region', { name: 'Request' }).getByText('Alice Berg').first().waitFor();
  });
  await carolDecides(stack, 'approve', id, 'stock count');
  await alice.goTo('Workbench');
  await alice.outcome();
  await alice.run('SELECT c.id, c.name, c.email, c.phone, c.iban, c.city, o.id AS order_id, o.status FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY o.id LIMIT 500');
  await alice.outcome();
  await shoot(alice, 'workbench-rows', () => page.getByRole('grid', { name: 'Result' }).waitFor());
  await alice.run('DROP DATABASE shop');
  await alice.outcome();
  await shoot(alice, 'workbench-denied', () => page.getByRole('alert').filter({ hasText: 'SQLSTATE' }).waitFor());
  await shoot(alice, 'connections', async () => {
    await alice.goTo('Connections');
    await page.getByText('Reachable').first().waitFor();
  });
  await page.evaluate(`window.sallyport.sessions.list()`);
  await shoot(alice, 'sessions', async () => {
    await alice.goTo('My sessions');
    await page.getByRole('region', { name: 'Recorded sessions' }).waitFor();
  });
  await page.getByRole('region', { name: 'Recorded sessions' }).getByRole('button', { name: 'shop' }).first().click();
  await page.getByRole('button', { name: 'Verify now' }).click();
  await shoot(alice, 'session', () => page.getByLabel('About the session').getByRole('listitem').first().waitFor());
  await shoot(alice, 'policy', async () => {
    await alice.goTo('Policy');
    await page.getByRole('heading', { name: 'Policy', exact: true }).first().waitFor();
    await page.getByText('UPDATE without a WHERE').first().waitFor();
  });
  await shoot(alice, 'settings', async () => {
    await alice.goTo('Settings');
    await page.getByText('Keep idle sessions').first().waitFor();
  });
});
