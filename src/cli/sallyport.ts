/** The `sallyport` command. Exit codes: 0 ok, 1 the check failed or was denied, 2 wrong usage or configuration. */
import { isMainThread } from 'node:worker_threads';
import { Command, CommanderError } from 'commander';
import { BugError, ConfigError, messageOf } from '../base/errors.ts';
import { approvalsCommand } from './approvals.ts';
import { bundleCommand } from './bundle.ts';
import { devicesCommand } from './devices.ts';
import { doctorCommand } from './doctor.ts';
import { gatewayCommand } from './gateway.ts';
import { monitorCommand } from './monitor.ts';
import { recordingsCommand } from './recordings.ts';
import { reportsCommand } from './reports.ts';
import { storeCommand } from './store.ts';
import { version } from './version.ts';

function program(): Command {
  const root = new Command('sallyport')
    .description('Privileged access with a local enforcing proxy: decide, mask, record, prove.')
    .version(version, '-V, --version')
    .showHelpAfterError('(run with --help for usage)');
  for (const command of [gatewayCommand(), storeCommand(), approvalsCommand(), recordingsCommand(), reportsCommand(), monitorCommand(), bundleCommand(), devicesCommand(), doctorCommand()]) root.addCommand(command);
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
    await program().parseAsync(process.argv);
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`sallyport: ${error instanceof BugError ? (error.stack ?? error.message) : messageOf(error)}\n`);
    return error instanceof ConfigError ? 2 : 1;
  }
}

// The embedded store's thread loads this file too; it has its own entry in store-worker.ts.
if (isMainThread) {
  // Output cut short by the reader (`| head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  process.exitCode = await main();
}
