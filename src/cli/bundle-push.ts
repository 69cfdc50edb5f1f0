/** The commands that speak with the store: its keys, push, status. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { ConfigError } from '../base/errors.ts';
import type { PolicyDevice } from '../contract/store/index.ts';
import { stateFileOf } from '../proxy/core/bundle-updater.ts';
import { policySummary } from '../proxy/core/bundle-state.ts';
import { signatureStates, type AuthorRepo, type SignatureState } from '../tuf/author.ts';
import { metadataText } from '../tuf/metadata.ts';
import { listingsOf } from '../tuf/ring.ts';
import { connectApprover, type ApproverOptions } from './approvals-connect.ts';
import { loadRepo, readArchive, rootFile, saveRepo } from './bundle-repo.ts';
import { fingerprintOf } from './bundle-sign.ts';
import { withIdentity } from './identity-options.ts';

type StoreOptions = ApproverOptions & { readonly json?: boolean };
const say = (text: string): void => void process.stdout.write(`${text}\n`);

export function storeCommands(): Command[] {
  return [onlineKeys(), push(), status()];
}

function onlineKeys(): Command {
  return withIdentity(new Command('online-keys').description("print the store's public keys for snapshot and timestamp, for `init` and `rotate`"), 'required')
    .option('-o, --output <file>', 'write them there')
    .option('--new', 'let the store make new ones; they count once a root names them')
    .action(async (o: StoreOptions & { new?: boolean; output?: string }) => {
      const { client } = await connectApprover(o);
      const text = JSON.stringify(await client.onlineKeys(o.new === true));
      if (o.output === undefined) say(text);
      else writeFileSync(o.output, `${text}\n`);
    });
}

function push(): Command {
  return withIdentity(new Command('push').description('publish what is signed: the store verifies it as a device would').argument('<repo>'), 'required').action(async (dir: string, o: StoreOptions) => {
    const repo = loadRepo(dir);
    const open = signatureStates(repo).filter((s) => !s.isComplete);
    if (open.length > 0) throw new Error(`not enough signatures: ${open.map((s) => `${s.role}.json has ${s.signed.length} of ${s.threshold}, missing ${s.missing.join(', ')}`).join('; ')}`);
    const { client } = await connectApprover(o);
    const archives = new Set([...repo.rings.values()].flatMap((f) => listingsOf(f.signed).map((l) => l.sha256)));
    for (const sha256 of archives) await client.uploadBundle(readArchive(dir, sha256));
    const versions = await client.pushPolicy({ roots: repo.roots.map(metadataText), targets: metadataText(repo.targets), rings: Object.fromEntries([...repo.rings].map(([ring, f]) => [ring, metadataText(f)])) });
    repo.published = { root: versions['root'] ?? 0, targets: versions['targets'] ?? 0, ...Object.fromEntries([...repo.rings.keys()].map((r) => [r, versions[r] ?? 0])) };
    saveRepo(dir, repo);
    say(o.json === true ? JSON.stringify({ ok: true, versions }) : `published: ${Object.entries(versions).map(([role, v]) => `${role} ${v}`).join(', ')}`);
  });
}

function status(): Command {
  return withIdentity(new Command('status').description('who has signed what, what the rings list, what the store serves, what devices run').argument('[repo]'), 'optional').action(async (dir: string | undefined, o: Partial<StoreOptions>) => {
    if (dir === undefined && o.config === undefined) throw new ConfigError('name a repository, or a store with --config');
    const repo = dir === undefined ? undefined : loadRepo(dir);
    const local = repo === undefined || dir === undefined ? undefined : { root_sha256: fingerprintOf(rootFile(dir, 1)), roles: signatureStates(repo), rings: ringLists(repo) };
    const device = o.config === undefined ? undefined : thisDevice(o.config);
    const store = o.config === undefined || (o.as === undefined && o.tokenFile === undefined) ? undefined : await storeStatus({ ...o, config: o.config, groups: o.groups ?? '' });
    say(o.json === true ? JSON.stringify({ ...(local === undefined ? {} : { repository: local }), ...(store === undefined ? {} : { store }), ...(device === undefined ? {} : { device }) }) : [...(local === undefined ? [] : repositoryText(local)), ...(store === undefined ? [] : storeText(store)), ...(device === undefined ? [] : ['this device', `  ${JSON.stringify(device)}`])].join('\n'));
  });
}

interface RingList {
  readonly ring: string;
  readonly serial: number;
  readonly bundle: string;
  readonly percent: number;
  readonly not_before?: string;
  readonly min_agent?: string;
}

const ringLists = (repo: AuthorRepo): RingList[] =>
  [...repo.rings].flatMap(([ring, f]) =>
    listingsOf(f.signed).map(({ custom: c }) => ({ ring, serial: c.serial, bundle: c.bundle, percent: c.rollout?.percent ?? 100, ...(c.notBefore === undefined ? {} : { not_before: c.notBefore }), ...(c.minAgent === undefined ? {} : { min_agent: c.minAgent }) })),
  );

interface StoreStatus {
  readonly versions: Readonly<Record<string, number>> | undefined;
  readonly devices: readonly PolicyDevice[];
}

async function storeStatus(o: ApproverOptions): Promise<StoreStatus> {
  const { client } = await connectApprover(o);
  return { versions: await client.policyVersions(), devices: await client.policyDevices() };
}

/** What the data directory of this configuration remembers; told by the file itself, so that it works beside a running gateway. */
function thisDevice(config: string): unknown {
  const dataDir = /^\s*data_dir:\s*["']?([^"'#\n]+)/m.exec(readFileSync(config, 'utf8'))?.[1]?.trim();
  if (dataDir === undefined) return undefined;
  const file = stateFileOf(path.resolve(path.dirname(config), dataDir));
  return existsSync(file) ? policySummary(file) : undefined;
}

function repositoryText(r: { root_sha256: string; roles: readonly SignatureState[]; rings: readonly RingList[] }): string[] {
  return [
    `repository, first root sha256 ${r.root_sha256}`,
    ...r.roles.map((s) => `  ${s.role.padEnd(10)} version ${s.version}, expires ${s.expires}, ${s.signed.length} of ${s.threshold} signed${s.signed.length > 0 ? ` (${s.signed.join(', ')})` : ''}${s.isComplete ? '' : `, missing: ${s.missing.join(', ')}`}${s.isPublished ? '' : ', not published'}`),
    ...r.rings.map((l) => `  ${l.ring.padEnd(10)} serial ${l.serial} ${l.bundle.slice(0, 19)}… ${l.percent} %${l.not_before === undefined ? '' : ` from ${l.not_before}`}${l.min_agent === undefined ? '' : ` for ${l.min_agent} and newer`}`),
  ];
}

function storeText(s: StoreStatus): string[] {
  const devices = s.devices.map((d) => `  ${d.device_id.slice(0, 12)}… ${d.owner.sub}: ${d.report === undefined ? 'has not reported' : `${d.report.outcome} ${d.report.bundle === undefined ? '' : `${d.report.bundle.name} #${d.report.bundle.serial} `}(ring ${d.report.ring}, ${new Date(d.report.t).toISOString()})${d.report.outcome === 'activated' ? '' : ` ${d.report.reason}`}`}`);
  return [s.versions === undefined ? 'the store serves no policy yet' : `the store serves ${Object.entries(s.versions).map(([role, v]) => `${role} ${v}`).join(', ')}`, ...devices];
}
