/** The commands by name. What a command needs is loaded when it is called: `--version` waits for no database. */
import { Command } from 'commander';

export interface ListedCommand {
  readonly name: string;
  /** As in the command itself, which is not loaded to be listed. */
  readonly about: string;
  readonly takesOptions: boolean;
  load(): Promise<Command>;
}

/** In the order of `--help`. */
export const listedCommands: readonly ListedCommand[] = [
  { name: 'gateway', about: 'serve local endpoints without a window; one JSON line per event on stdout', takesOptions: true, load: async () => (await import('./gateway.ts')).gatewayCommand() },
  { name: 'store', about: 'run the central store: sign-in, targets, approvals, recordings', takesOptions: true, load: async () => (await import('./store.ts')).storeCommand() },
  { name: 'approvals', about: 'see and decide held statements', takesOptions: false, load: async () => (await import('./approvals.ts')).approvalsCommand() },
  { name: 'recordings', about: 'find, read, verify and export recordings', takesOptions: false, load: async () => (await import('./recordings.ts')).recordingsCommand() },
  { name: 'reports', about: 'reports of a period for auditors, with the query and the log position that they rest on', takesOptions: false, load: async () => (await import('./reports.ts')).reportsCommand() },
  {
    name: 'monitor',
    about: 'watch a store: sessions without an end, gaps in a device’s sequence, a log that forked or went back, recordings that are gone; exit 1 when something is wrong',
    takesOptions: true,
    load: async () => (await import('./monitor.ts')).monitorCommand(),
  },
  { name: 'bundle', about: 'check, test, build, sign and push policy bundles', takesOptions: false, load: async () => (await import('./bundle.ts')).bundleCommand() },
  { name: 'devices', about: 'see, approve and revoke devices; make codes that let one in', takesOptions: false, load: async () => (await import('./devices.ts')).devicesCommand() },
  { name: 'ssh-ca', about: 'the keys that sign SSH certificates: see, make, change and remove them', takesOptions: false, load: async () => (await import('./ssh-ca.ts')).sshCaCommand() },
  { name: 'doctor', about: 'say what is missing on this machine and how to get it', takesOptions: true, load: async () => (await import('./doctor.ts')).doctorCommand() },
];

/** The command whole when these arguments call it or ask for its help, else its line of the list. */
export async function commandFor(listed: ListedCommand, args: readonly string[]): Promise<Command> {
  const [first, second] = args.filter((a) => !a.startsWith('-'));
  if ((first === 'help' ? second : first) === listed.name) return listed.load();
  const line = new Command(listed.name).description(listed.about);
  // Only to be listed as `name [options]`.
  return listed.takesOptions ? line.option('--config <file>') : line;
}
