/** The workbench says why, at the place in the text, and offers what would be allowed. Against the real proxy and policy. */
import type { Locator } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { shoot } from './pictures.ts';
import type { Workstation } from './workstation.ts';

const strip = (w: Workstation): Locator => w.page.getByRole('status', { name: 'Decision before running' });
const underlined = (w: Workstation, severity: 'denied' | 'held' | 'masked' | 'hint'): Locator => w.page.locator(`.cm-explained-${severity}`);
const textOf = async (w: Workstation): Promise<string> => (await w.editor.locator('.cm-line').allInnerTexts()).join('\n');

/** Types into the editor in place of what is there, without running it. */
async function write(w: Workstation, sql: string): Promise<void> {
  // Not by a click: an explanation may stand over the text.
  await w.editor.focus();
  await w.page.keyboard.press('ControlOrMeta+A');
  await w.page.keyboard.insertText(sql);
  // Completion may be open, and would take a key that is meant for the editor.
  await w.page.keyboard.press('Escape');
}

test('a masked query: what the rows show, at the column', async ({ alice }) => {
  await alice.openWorkbench('shop');
  await write(alice, 'SELECT id, email, phone FROM customers LIMIT 10');
  await expect(underlined(alice, 'masked')).toHaveText(['email', 'phone']);
  await expect(strip(alice)).toContainText('email is masked as email: the rows show tokens; filtering by = works, LIKE waits for dba.');

  await test.step('hovering says it, and offers to leave the column out', async () => {
    await underlined(alice, 'masked').last().hover();
    const tip = alice.page.getByRole('tooltip').or(alice.page.locator('.cm-tooltip-lint')).first();
    await expect(tip).toContainText('phone is masked as phone: the rows show only a harmless part');
    await tip.getByRole('button', { name: /Leave out phone/ }).click();
    expect(await textOf(alice)).toBe('SELECT id, email FROM customers LIMIT 10');
    await expect(underlined(alice, 'masked')).toHaveText(['email']);
  });

  await test.step('a star becomes the columns that are not masked', async () => {
    await write(alice, 'SELECT * FROM customers');
    await strip(alice).getByRole('button', { name: 'Apply: List the unmasked columns' }).click();
    await expect(underlined(alice, 'masked')).toHaveCount(0);
    expect(await textOf(alice)).toMatch(/^SELECT id, name, .*city.* FROM customers$/);
    await expect(strip(alice)).toContainText('Allow');
  });
});

test('a held query: one change away from running', async ({ alice }) => {
  await alice.openWorkbench('shop');
  await write(alice, 'SELECT id, name FROM customers ORDER BY email');
  await expect(underlined(alice, 'held')).toHaveText('ORDER BY email');
  await expect(strip(alice)).toContainText('would show the order of the masked values of email, so it waits for dba');
  await strip(alice).getByRole('button', { name: 'Apply: Order by id' }).click();
  await expect(strip(alice)).toContainText('Allow');
  expect(await textOf(alice)).toBe('SELECT id, name FROM customers ORDER BY id');

  await test.step('an UPDATE without a WHERE gets one, with its value ready to be typed over', async () => {
    await write(alice, 'UPDATE orders SET status = status');
    await expect(underlined(alice, 'held')).toHaveText('UPDATE orders');
    await strip(alice).getByRole('button', { name: 'Apply: Add a WHERE' }).click();
    await alice.page.keyboard.type('42');
    await expect(strip(alice)).toContainText('Allow');
    expect(await textOf(alice)).toBe('UPDATE orders SET status = status WHERE id = 42');
  });

  await test.step('asking runs it as it is', async () => {
    await write(alice, 'DELETE FROM order_items');
    await strip(alice).getByRole('button', { name: /^Ask dba/ }).click();
    await alice.holdBanner.waitFor();
    await alice.page.getByRole('button', { name: 'Withdraw' }).click();
    await alice.holdBanner.waitFor({ state: 'hidden' });
  });
});

test('several statements: each at its own place, also while one is being typed', async ({ alice }) => {
  await alice.openWorkbench('shop');
  await write(alice, "-- é: two bytes\nSELECT 'ö' AS x;\nDROP DATABASE shop;\nSELECT emial FROM customers;\nSELECT id FROM customers WHERE");
  await expect(underlined(alice, 'denied')).toHaveText(['DROP DATABASE shop', 'emial']);
  await expect(underlined(alice, 'hint')).toHaveCount(1);
  await expect(strip(alice)).toContainText('databases in production are not dropped from a session; ask the platform team.');
  await expect(strip(alice)).toContainText('No column emial is known here, so the statement is refused; did you mean email?');
  await expect(strip(alice)).toContainText('Not a whole statement yet');

  await test.step('the keyboard goes from place to place, and the line says what is there', async () => {
    await alice.editor.press('ControlOrMeta+Home');
    await alice.editor.press('F8');
    expect(await alice.page.evaluate('getSelection().toString()')).toBe('DROP DATABASE shop');
    await alice.editor.press('F8');
    expect(await alice.page.evaluate('getSelection().toString()')).toBe('emial');
  });

  await test.step('and to the change, which goes to its own statement', async () => {
    await alice.editor.press('ControlOrMeta+.');
    await expect(strip(alice).getByRole('button', { name: 'Apply: Use email' })).toBeFocused();
    await alice.page.keyboard.press('Escape');
    await expect(alice.editor).toBeFocused();
    await alice.editor.press('ControlOrMeta+.');
    await alice.page.keyboard.press('Enter');
    await expect.poll(() => textOf(alice)).toContain('SELECT email FROM customers;');
  });
});

test('after a denial the result says the same, with the same offer', async ({ alice }) => {
  await alice.openWorkbench('shop');
  await alice.run('SELECT id, emial FROM customers');
  const end = await alice.outcome();
  if (end.kind !== 'error') throw new Error('it was not denied');
  const alert = alice.page.getByRole('alert').filter({ hasText: 'SQLSTATE' });
  await expect(alert).toContainText('No column emial is known here');
  await alert.getByRole('button', { name: 'Apply: Use email' }).click();
  expect(await textOf(alice)).toBe('SELECT id, email FROM customers');
  await alice.page.keyboard.press('ControlOrMeta+Enter');
  await alice.page.getByRole('grid', { name: 'Result' }).waitFor();
});

test('pictures', async ({ alice }) => {
  test.setTimeout(240_000);
  await alice.openWorkbench('shop');
  const shown = (sql: string, severity: Parameters<typeof underlined>[1]) => async () => {
    await write(alice, sql);
    await underlined(alice, severity).first().waitFor();
  };
  const pointed = (sql: string, severity: Parameters<typeof underlined>[1]) => async () => {
    await shown(sql, severity)();
    await alice.page.mouse.move(0, 0);
    await underlined(alice, severity).first().hover();
    await alice.page.locator('.cm-tooltip-lint').waitFor();
  };
  await shoot(alice, 'explain-masked', pointed('SELECT c.id, c.name, c.email, c.phone, c.iban, o.status\nFROM customers c\nJOIN orders o ON o.customer_id = c.id\nLIMIT 100', 'masked'), true);
  await shoot(alice, 'explain-held', pointed("SELECT id, name, city\nFROM customers\nWHERE email LIKE '%@example.com' AND city = 'Berlin'\nORDER BY phone", 'held'), true);
  await shoot(alice, 'explain-write', shown('UPDATE orders\nSET status = status;\n\nDELETE FROM order_items WHERE 1 = 1;', 'held'));
  await shoot(alice, 'explain-denied', shown('SELECT id, emial, city\nFROM customers;\n\nDROP DATABASE shop;\n\nSELECT count(*) FROM', 'denied'));
  await alice.run('SELECT id, emial, city FROM customers');
  await alice.outcome();
  await shoot(alice, 'explain-result', () => alice.page.getByRole('alert').filter({ hasText: 'SQLSTATE' }).waitFor());
});
