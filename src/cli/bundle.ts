/**
 * `sallyport bundle`: what security engineers run on a bundle's source directory and on a policy repository.
 * Exit codes: 0 ok, 1 a check failed or was refused, 2 the bundle (or the command line) is wrong.
 */
import { Command } from 'commander';
import { CEDAR_SCHEMA } from '../policy/decide/schema.ts';
import { buildCommand } from './bundle-build.ts';
import { storeCommands } from './bundle-push.ts';
import { checkBundleDir, print, testBundleDir } from './bundle-report.ts';
import { signingCommands } from './bundle-sign.ts';
import { simulateCommand } from './bundle-simulate.ts';

/** The `bundle` command for the CLI's entry. */
export function bundleCommand(): Command {
  const bundle = new Command('bundle').description('check, test, build, sign and push policy bundles');
  bundle
    .command('check')
    .description('parse, validate and lint a bundle directory; names every problem with file and line')
    .argument('<dir>', 'bundle directory')
    .option('--json', 'print one JSON object')
    .action(async (dir: string, options: { json?: boolean }) => print(await checkBundleDir(dir), options.json === true));
  bundle
    .command('test')
    .description("check a bundle directory and run its tests/*.yaml")
    .argument('<dir>', 'bundle directory')
    .option('--json', 'print one JSON object')
    .action(async (dir: string, options: { json?: boolean }) => print(await testBundleDir(dir), options.json === true));
  bundle
    .command('schema')
    .description('print the Cedar schema: entities, actions and facts that policies may speak of')
    .action(() => {
      process.stdout.write(CEDAR_SCHEMA);
    });
  for (const command of [buildCommand(), simulateCommand(), ...signingCommands(), ...storeCommands()]) bundle.addCommand(command);
  return bundle;
}
