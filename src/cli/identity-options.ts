/** The options by which a command knows who acts, and where the store is. */
import type { Command } from 'commander';

/** @param config with `required`, nothing can be done without the store that the file names */
export function withIdentity(command: Command, config: 'required' | 'optional'): Command {
  const [flags, what] = ['--config <file>', 'gateway.yaml or store.yaml: names the data directory and the store'] as const;
  return (config === 'required' ? command.requiredOption(flags, what) : command.option(flags, what))
    .option('--as <subject>', 'with an embedded store: act as this person')
    .option('--groups <names>', 'with --as: groups of that person, separated by commas', '')
    .option('--token-file <file>', 'with a real store: an ID token of yours')
    .option('--json', 'print JSON');
}
