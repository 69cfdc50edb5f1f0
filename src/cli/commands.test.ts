import { expect, it } from 'vitest';
import { commandFor, listedCommands } from './commands.ts';

it.each(listedCommands.map((c) => [c.name, c] as const))('%s is listed as it describes itself', async (name, listed) => {
  const command = await listed.load();
  expect([command.name(), command.description(), command.options.length > 0]).toEqual([name, listed.about, listed.takesOptions]);
});

it('loads a command only when it is called or its help is asked for', async () => {
  const bundle = listedCommands.find((c) => c.name === 'bundle');
  if (bundle === undefined) throw new Error('no bundle command');
  const subcommands = async (...args: string[]): Promise<number> => (await commandFor(bundle, args)).commands.length;
  expect(await subcommands('bundle', 'check', 'store')).toBeGreaterThan(5);
  expect(await subcommands('help', 'bundle')).toBeGreaterThan(5);
  expect(await subcommands('bundle', '--help')).toBeGreaterThan(5);
  for (const args of [[], ['--help'], ['--version'], ['help'], ['store', 'bundle'], ['help', 'store']]) expect(await subcommands(...args)).toBe(0);
});
