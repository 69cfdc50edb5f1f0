/** The options of `sallyport recordings replay`; what it needs is loaded when it is called. */
import { Command } from 'commander';

export interface ReplayOptions {
  readonly config: string;
  readonly target: string;
  readonly trust?: string;
  readonly params?: string;
  readonly limitSeconds: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function replayCommand(): Command {
  return new Command('replay')
    .description('run the statements of a verified recording again on a sandbox copy, through the gateway, and list what is otherwise; exit 0 when all is the same')
    .argument('<file-or-id>', 'an .srz file, a recording’s directory, or a session id')
    .requiredOption('--config <file>', 'gateway.yaml: who runs it, and where the target is registered')
    .requiredOption('--target <connection>', 'the sandbox copy: a connection with the label env=sandbox')
    .option('--trust <file>', 'trust.json of the organisation; default: the one of this machine')
    .option('--params <file>', 'JSON: clear values by mask token, for statements whose values are masked in the recording')
    .option('--limit-seconds <seconds>', 'how long one statement may take', '60')
    .option('--dry-run', 'print what would be run, and run nothing')
    .option('--json', 'print JSON')
    .action(async (what: string, o: ReplayOptions) => (await import('./recordings-replay.ts')).replay(what, o));
}
