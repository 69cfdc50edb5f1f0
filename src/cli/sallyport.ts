#!/usr/bin/env node
/** The `sallyport` command. Exit codes: 0 ok, 1 the check failed or was denied, 2 wrong usage or configuration. */
import { Command, CommanderError } from 'commander';
import { BugError, ConfigError, messageOf } from '../base/errors.ts';
import { commandFor, listedCommands } from './commands.ts';
import { version } from './version.ts';

async function program(args: readonly string[]): Promise<Command> {
  const root = new Command('sallyport')
    .description('Privileged access with a local enforcing proxy: decide, mask, record, prove.')
    .version(version, '-V, --version')
    .showHelpAfterError('(run with --help for usage)');
  for (const listed of listedCommands) root.addCommand(await commandFor(listed, args));
  overrideExit(root);
  return root;
}

/** Commander would exit 1 for wrong usage; our 1 means "denied or failed". */
function overrideExit(command: Command): void {
  command.exitOverride();
  for (const sub of command.commands) overrideExit(sub);
}

async function main(): Promise<number> {
  try {
    await (await program(process.argv.slice(2))).parseAsync(process.argv);
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`sallyport: ${error instanceof BugError ? (error.stack ?? error.message) : messageOf(error)}\n`);
    return error instanceof ConfigError ? 2 : 1;
  }
}

// Output cut short by the reader (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
process.exitCode = await main();
