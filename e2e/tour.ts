/**
 * The tour of `npm start` without a display: the demo's story, done in the real app by its own window.
 * Prints one line for each thing that was shown; fails at the first that was not.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runProcess } from '../src/testing/process.ts';
import { Workstation } from './workstation.ts';

const plan = z.object({
  electron: z.string(),
  args: z.array(z.string()),
  storeConfig: z.string(),
  folder: z.string(),
});
type Plan = z.infer<typeof plan>;

const command = join(import.meta.dirname, '..', 'dist', 'cli', 'sallyport.mjs');
const AS_CAROL = ['--as', 'carol@example.com', '--groups', 'engineering,dba'];
const EMAIL = /[\w.]+@example\.(com|org|net)/;

const show = (what: string, text: string): void => void process.stdout.write(`${what.padEnd(20)} ${text}\n`);

function must(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

/** Runs the sallyport command; its output, or an error that carries it. */
async function sallyport(...args: string[]): Promise<string> {
  const result = await runProcess(process.execPath, [command, ...args], { timeoutMs: 60_000 });
  if (result.code !== 0) throw new Error(`sallyport ${args[0] ?? ''} ${args[1] ?? ''} failed with exit code ${String(result.code)}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

async function maskedRow(station: Workstation): Promise<void> {
  await station.run('SELECT id, name, email, phone, city FROM customers ORDER BY id LIMIT 20');
  const end = await station.outcome();
  if (end.kind !== 'rows') throw new Error(`the query gave no rows: ${JSON.stringify(end)}`);
  const masked = end.cells.filter((cell) => cell.masked);
  must(masked.length > 0, 'no cell is shown as masked');
  must(!end.cells.some((cell) => EMAIL.test(cell.text)), 'an e-mail address is on the screen in clear');
  await station.picture('2-masked-rows');
  show('masked row', end.cells.slice(0, 5).map((cell) => cell.text.trim()).join(' | '));
}

async function blockedStatement(station: Workstation): Promise<void> {
  await station.run('DROP DATABASE shop');
  const end = await station.outcome();
  if (end.kind !== 'error') throw new Error('DROP DATABASE was not blocked');
  must(/^Denied by policy/.test(end.title) && end.text.includes('42501'), `DROP DATABASE failed for another reason: ${end.title}: ${end.text}`);
  await station.picture('3-blocked-statement');
  show('blocked statement', `DROP DATABASE shop: ${end.text.split('\n')[0] ?? ''}`);
}

async function approvedStatement(station: Workstation, o: Plan): Promise<void> {
  await station.run('UPDATE products SET stock = stock + 1');
  await station.holdBanner.waitFor();
  await station.page.getByRole('status', { name: 'Decision before running' }).filter({ hasText: 'UPDATE' }).waitFor();
  await station.picture('4-held-statement');
  const id = await station.pendingApproval();
  show('held statement', `UPDATE products without a WHERE waits as ${id}`);
  await sallyport('approvals', 'approve', id, '--reason', 'stock count of the tour', '--config', o.storeConfig, ...AS_CAROL);
  const end = await station.outcome();
  if (end.kind === 'error') throw new Error(`the approved statement failed: ${end.title}: ${end.text}`);
  await station.picture('5-approved-statement');
  show('approved statement', 'carol@example.com approved it, and it ran once');
}

/** Ends the session by closing its tab, waits until the store has it, and exports it as a person would. */
async function uploadedSession(station: Workstation, o: Plan): Promise<string> {
  await station.page.getByRole('button', { name: /^Close shop/ }).first().click();
  const deadline = Date.now() + 60_000;
  let session = await station.newestSession();
  while (session?.state !== 'uploaded') {
    must(Date.now() < deadline, `the session was not uploaded within 60 s; it is ${session?.state ?? 'not listed'}`);
    await station.page.waitForTimeout(200);
    session = await station.newestSession();
  }
  show('uploaded session', `${session.id} is in the store, receipted`);
  await station.goTo('My sessions');
  await station.page.getByRole('region', { name: 'Recorded sessions' }).getByRole('button', { name: 'shop' }).first().click();
  await station.page.getByRole('button', { name: 'Verify now' }).click();
  await station.page.getByLabel('About the session').getByRole('listitem').first().waitFor();
  await station.picture('6-verified-session');
  const file = join(o.folder, `${session.id}.srz`);
  await station.answerSaveDialog(file);
  await station.page.getByRole('button', { name: 'Export .srz' }).click();
  const exportDeadline = Date.now() + 30_000;
  while (!existsSync(file)) {
    must(Date.now() < exportDeadline, 'the export did not write its file within 30 s');
    await station.page.waitForTimeout(100);
  }
  return file;
}

/** Verifies the file as an outsider would: public keys and the file, no server. */
async function verify(file: string, o: Plan): Promise<void> {
  const trust = join(o.folder, 'trust.json');
  await sallyport('recordings', 'trust', '-o', trust, '--config', o.storeConfig, ...AS_CAROL);
  const report = await sallyport('recordings', 'verify', file, '--trust', trust);
  const verdict = report.split('\n')[0] ?? '';
  if (!verdict.startsWith('PASS')) throw new Error(`the verifier did not say PASS:\n${report}`);
  show('verifier', `${verdict.trim()} (${file})`);
}

async function tour(o: Plan): Promise<void> {
  const station = await Workstation.launch({ executable: o.electron, args: o.args, folder: o.folder });
  try {
    await station.signedIn();
    await station.openWorkbench('shop');
    await station.goTo('Connections');
    await station.picture('1-connections');
    await station.goTo('Workbench');
    await maskedRow(station);
    await blockedStatement(station);
    await approvedStatement(station, o);
    const file = await uploadedSession(station, o);
    await verify(file, o);
    show('screenshots', join(o.folder, '*.png'));
  } catch (error) {
    await station.picture('0-where-it-stopped').catch(() => undefined);
    throw error;
  } finally {
    await station.close();
  }
}

try {
  await tour(plan.parse(JSON.parse(process.argv[2] ?? 'null')));
} catch (error) {
  process.stderr.write(`the tour stopped: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
