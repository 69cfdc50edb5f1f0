/** `sallyport ssh-ca`: the keys that hosts trust to sign people's certificates. */
import { Command } from 'commander';
import { ConfigError } from '../base/errors.ts';
import type { CaKey } from '../contract/store/index.ts';
import type { StoreClient } from '../proxy/core/store-client.ts';
import { StoreHttp } from '../proxy/core/store-client-http.ts';
import { type ApproverOptions, connectPerson, storeAddress } from './approvals-connect.ts';
import { withIdentity } from './identity-options.ts';

interface Common extends ApproverOptions {
  readonly json?: boolean;
}

export function sshCaCommand(): Command {
  const root = new Command('ssh-ca').description('the keys that sign SSH certificates: see, make, change and remove them');
  root
    .command('trusted-keys')
    .description('print the file that sshd takes as TrustedUserCAKeys; needs no sign-in')
    .requiredOption('--config <file>', 'gateway.yaml or store.yaml: names the store')
    .action(async (o: { config: string }) => {
      const http = new StoreHttp({ url: await storeAddress(o.config), device: undefined, userToken: () => undefined, nowMs: Date.now });
      process.stdout.write(await http.download({ method: 'GET', path: '/v1/ssh-ca/trusted-keys', auth: 'none' }));
    });
  withIdentity(root.command('list').description('the keys: which one signs, which hosts are to trust, which are removed'), 'required')
    .action(async (o: Common) => {
      const { client } = await connectPerson(o);
      const keys = await client.caKeys();
      print(o, keys, keys.map(line).join('') || 'No keys yet: the first is made with the first certificate, or when a host asks for it.\n');
    });
  withIdentity(root.command('make').description('a further key; hosts are to trust it before it signs'), 'required').action(async (o: Common) => {
    const { client } = await connectPerson(o);
    const made = await client.makeCaKey();
    print(o, made, `${line(made)}Let every host fetch it, then: sallyport ssh-ca use ${made.key_id.slice(0, 16)}\n`);
  });
  withIdentity(root.command('use <id>').description('let this key sign; the one that did stays trusted'), 'required').action(async (id: string, o: Common) => {
    const { client } = await connectPerson(o);
    const key = await find(client, id);
    await client.useCaKey(key.key_id);
    print(o, { signs: key.key_id }, `Signs from now on: ${key.fingerprint}\n`);
  });
  withIdentity(root.command('remove <id>').description('destroy a key that no longer signs; hosts refuse what it has signed'), 'required').action(async (id: string, o: Common) => {
    const { client } = await connectPerson(o);
    const key = await find(client, id);
    await client.removeCaKey(key.key_id);
    print(o, { removed: key.key_id }, `Removed: ${key.fingerprint}\n`);
  });
  return root;
}

/** By its id, or the beginning of one. @throws ConfigError when that is none or several */
async function find(client: StoreClient, id: string): Promise<CaKey> {
  const found = (await client.caKeys()).filter((k) => k.state !== 'removed' && k.key_id.startsWith(id));
  if (found.length !== 1 || found[0] === undefined) throw new ConfigError(`${found.length === 0 ? 'no key begins' : 'several keys begin'} with ${id}`, { field: '<id>', fix: 'sallyport ssh-ca list' });
  return found[0];
}

const line = (k: CaKey): string => `${k.key_id.slice(0, 16)}  ${k.state.padEnd(7)}  ${k.fingerprint}  made ${new Date(k.created_ms).toISOString()}${k.removed_ms === undefined ? '' : `, removed ${new Date(k.removed_ms).toISOString()}`}\n`;

const print = (o: Common, value: unknown, text: string): void => void process.stdout.write(o.json === true ? `${JSON.stringify(value)}\n` : text);
