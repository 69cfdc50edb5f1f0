/** `sallyport devices`: enrolled devices, for administrators and their owners. */
import { Command } from 'commander';
import { ConfigError } from '../base/errors.ts';
import { type DeviceId, isDeviceId } from '../base/ids.ts';
import type { Device } from '../contract/store/index.ts';
import { type ApproverOptions, connectPerson } from './approvals-connect.ts';
import { withIdentity } from './identity-options.ts';

interface Common extends ApproverOptions {
  readonly json?: boolean;
}

export function devicesCommand(): Command {
  const root = new Command('devices').description('see, approve and revoke devices; make codes that let one in');
  withIdentity(root.command('list').description('your devices; for administrators those of all'), 'required')
    .option('--pending', 'only those that wait for approval')
    .action(async (o: Common & { pending?: boolean }) => {
      const { client } = await connectPerson(o);
      const found = (await client.listDevices()).filter((d) => o.pending !== true || (d.state === 'pending' && d.revoked === undefined));
      print(o, found, found.map(line).join('') || 'No devices.\n');
    });
  withIdentity(root.command('approve <id>').description('let a device in that waits; never your own'), 'required').action(async (id: string, o: Common) => {
    const { client } = await connectPerson(o);
    const device = await client.approveDevice(parseId(id));
    print(o, device, `Approved: ${line(device)}`);
  });
  withIdentity(root.command('revoke <id>').description('end a device and its sessions for good'), 'required')
    .requiredOption('--reason <text>', 'why')
    .option('--compromised-since <time>', 'when somebody else may have had it first (ISO 8601); what was witnessed before stays good')
    .action(async (id: string, o: Common & { reason: string; compromisedSince?: string }) => {
      const { client } = await connectPerson(o);
      await client.revokeDevice(parseId(id), o.reason, o.compromisedSince === undefined ? undefined : parseTime(o.compromisedSince));
      print(o, { revoked: id }, `Revoked: ${id}\n`);
    });
  withIdentity(root.command('code').description('a code with which one new device need not wait; works once'), 'required')
    .option('--issuer <iss>', 'with --subject: only for that person')
    .option('--subject <sub>', 'with --issuer: only for that person')
    .option('--hours <n>', 'how long it works', '24')
    .action(async (o: Common & { issuer?: string; subject?: string; hours: string }) => {
      if ((o.issuer === undefined) !== (o.subject === undefined)) throw new ConfigError('a person is --issuer and --subject', { field: '--subject' });
      const hours = Number(o.hours);
      if (!(hours > 0)) throw new ConfigError('not a number of hours', { field: '--hours' });
      const { client } = await connectPerson(o);
      const person = o.issuer === undefined || o.subject === undefined ? {} : { person: { iss: o.issuer, sub: o.subject } };
      const made = await client.makeDeviceCode({ ...person, hours });
      print(o, made, `${made.code}\nworks once, until ${new Date(made.expiresMs).toISOString()}\n`);
    });
  return root;
}

function line(d: Device): string {
  const state = d.revoked !== undefined ? `revoked ${new Date(d.revoked.revoked_ms).toISOString()}` : d.state;
  return `${d.device_id}  ${state.padEnd(8)}  ${d.owner.name} (${d.owner.sub})  ${d.name}  since ${new Date(d.enrolled_ms).toISOString()}\n`;
}

function parseId(text: string): DeviceId {
  if (!isDeviceId(text)) throw new ConfigError(`${text} is not a device id`, { field: '<id>' });
  return text;
}

function parseTime(text: string): number {
  const ms = Date.parse(text);
  if (!Number.isFinite(ms)) throw new ConfigError(`${text} is not a time`, { field: '--compromised-since' });
  return ms;
}

const print = (o: Common, value: unknown, text: string): void => void process.stdout.write(o.json === true ? `${JSON.stringify(value)}\n` : text);
