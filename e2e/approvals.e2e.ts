import { expect, test } from './fixtures.ts';

test('a second person decides in their own inbox', async ({ alice, launch }) => {
  const carol = await launch('carol', 'carol@example.com');
  await carol.signedIn();
  await carol.goTo('Approvals');
  await alice.openWorkbench('shop');
  await alice.run("UPDATE orders SET status = status");
  await alice.holdBanner.waitFor();
  const id = await alice.pendingApproval();

  await test.step('the request arrives live, with everything that matters', async () => {
    const request = carol.page.getByRole('region', { name: 'Request' });
    await expect(request.getByText('Alice Berg').first()).toBeVisible();
    await expect(request.getByText(/UPDATE/).first()).toBeVisible();
  });

  await test.step('the requester cannot decide', async () => {
    await alice.goTo('Approvals');
    await expect(alice.page.getByText(/You cannot decide this: you asked for it yourself/)).toBeVisible();
    const answer: unknown = await alice.page.evaluate(
      `window.sallyport.approvals.get({ id: '${id}' }).then((r) => window.sallyport.approvals.decide({ id: '${id}', decision: 'approve', reason: 'I say so', shownRequestDigest: r.value.digests.request }))`,
    );
    expect(answer).toMatchObject({ ok: false, error: { code: 'denied' } });
  });

  await test.step('a decision on something else than what was shown is refused', async () => {
    const answer: unknown = await carol.page.evaluate(`window.sallyport.approvals.decide({ id: '${id}', decision: 'approve', reason: 'looks good', shownRequestDigest: '${'0'.repeat(64)}' })`);
    expect(answer).toMatchObject({ ok: false, error: { code: 'denied' } });
  });

  await test.step('approve once, and it runs', async () => {
    await carol.page.getByRole('textbox', { name: 'Reason' }).fill('archive of the year');
    await carol.page.getByRole('button', { name: 'Approve once' }).click();
    await alice.goTo('Workbench');
    expect(await alice.outcome()).toEqual({ kind: 'done' });
    await expect(alice.page.getByText(/UPDATE 2000/).first()).toBeVisible();
  });

  await test.step('the same bytes wait again', async () => {
    await alice.run("UPDATE orders SET status = status");
    await alice.holdBanner.waitFor();
    await alice.page.getByRole('button', { name: 'Withdraw' }).click();
    await alice.outcome();
  });
});
