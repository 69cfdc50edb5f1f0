/** `sallyport gateway` with a target that takes certificates, stock `ssh` in front of it: what it says, and what lies on the disk meanwhile. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sshCaCommand } from '../../cli/ssh-ca.ts';
import { type CertificateHost, startCertificateHost } from '../../testing/certificate-host.ts';
import { eventually } from '../../testing/eventually.ts';
import { TestGateway } from '../../testing/gateway.ts';
import { bundleFiles } from '../../testing/policy.ts';
import type { PostgresServer } from '../../testing/postgres-server.ts';
import { runProcess, startProcess } from '../../testing/process.ts';
import { filesWithSeeds } from '../../testing/seed-search.ts';
import { blobOfLine, ED25519 } from '../../wire/ssh/public-key.ts';
import { fingerprint } from './host-keys.ts';

let host: CertificateHost;
let gateway: TestGateway;
let bundle: string;

beforeAll(async () => {
  host = await startCertificateHost();
  bundle = mkdtempSync(path.join(os.tmpdir(), 'sallyport-certificate-bundle-'));
  for (const [name, bytes] of bundleFiles()) {
    mkdirSync(path.dirname(path.join(bundle, name)), { recursive: true });
    writeFileSync(path.join(bundle, name), bytes);
  }
  const connection = { name: 'web', protocol: 'ssh', target: { host: '127.0.0.1', port: host.port, host_key: host.hostKey }, credentials: { user: host.user, ssh_ca: {} }, listen: { port: 0 } };
  // The database server of this gateway is never connected to.
  gateway = await TestGateway.start({ server: { host: '127.0.0.1', port: 1 } as PostgresServer, bundle, config: { connections: [connection] } });
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  await host.stop();
  rmSync(bundle, { recursive: true, force: true });
});

const sshConfig = (): string => (gateway.listener('web') as unknown as { readonly ssh_config: string }).ssh_config;

/** As `sallyport ssh-ca` prints it. */
async function sshCa(...args: string[]): Promise<string> {
  const said: Uint8Array[] = [];
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: string | Uint8Array) => said.push(Buffer.from(text)) > 0;
  try {
    await sshCaCommand().parseAsync([...args, '--config', gateway.configFile], { from: 'user' });
  } finally {
    process.stdout.write = write;
  }
  return Buffer.concat(said).toString();
}

it('a host that does not trust the CA yet lets nobody in, and the client is told why', async () => {
  const refused = await runProcess('ssh', ['-F', sshConfig(), 'web', 'true']);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('refused the certificate');
});

it('stock ssh signs on by certificate, and no private key of the sign-on is on the disk while it lasts', async () => {
  const trusted = await sshCa('trusted-keys');
  expect(trusted).toMatch(/^ssh-ed25519 \S+ sallyport\.local\/ssh-ca \d{4}-\d\d-\d\d\n$/);
  host.trust(trusted);
  const session = startProcess('ssh', ['-F', sshConfig(), 'web', 'echo ready; sleep 60']);
  await session.waitForLine((line) => (line === 'ready' ? true : undefined));
  const known = (line: string): string => fingerprint(blobOfLine(ED25519, line.trim()));
  const listener = known(readFileSync(path.join(path.dirname(sshConfig()), 'known_hosts'), 'utf8').replace(/^\S+ /, ''));
  const ephemeral = await eventually(() => {
    const found = /Accepted publickey for .* ED25519-CERT (SHA256:\S+) ID session=/.exec(host.log())?.[1];
    expect(found).toBeDefined();
    return found ?? '';
  });
  // The database was looked through for the CA's key elsewhere; the proxy's key never goes there.
  const skip = (file: string): boolean => file.startsWith(path.join('data', 'store', 'pg'));
  const { found, bytes } = filesWithSeeds(gateway.dir, [known(trusted), listener, ephemeral], skip);
  // The listener's own key is what the search finds, and all that it finds.
  expect(found).toEqual([path.join('data', 'ssh_host_ed25519_key')]);
  expect(bytes).toBeGreaterThan(5_000);
  await session.stop();
});
