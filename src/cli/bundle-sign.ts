/** The signers' commands on a policy repository's directory. None of them needs a network. */
import { existsSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { ConfigError, messageOf } from '../base/errors.ts';
import { unpackBundle } from '../policy/bundle/archive.ts';
import { digestOf } from '../policy/bundle/files.ts';
import { compileBundle } from '../policy/bundle/load.ts';
import { initRepository, listBundle, promoteBundle, renew, rotateRoot, setStop, signAll, signatureStates, withdrawBundle, type Signatories } from '../tuf/author.ts';
import { generatePrivatePem, keyIdOf, nameOf, signerOf, type TufKeyAlg } from '../tuf/keys.ts';
import { isoOf, type BundleCustom } from '../tuf/metadata.ts';
import { changeRepo, keepArchive, readOnlinePair, readPrivateKey, readPublicKeys, rootFile, saveRepo } from './bundle-repo.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const list = (text: string): string[] => text.split(',').map((t) => t.trim()).filter((t) => t !== '');

export function signingCommands(): Command[] {
  return [keygen(), init(), add(), promote(), withdraw(), stop(), resume(), renewal(), rotate(), sign()];
}

function keygen(): Command {
  return new Command('keygen')
    .description('make a signing key: <file> is private, <file>.pub is for others')
    .argument('<file>')
    .addOption(new Option('--alg <alg>').choices(['ed25519', 'p256']).default('ed25519'))
    .option('--name <name>', 'who signs with it; default: the name of the file')
    .action((file: string, o: { alg: TufKeyAlg; name?: string }) => {
      if (existsSync(file)) throw new ConfigError('exists already; a key is never replaced', { file });
      const pem = generatePrivatePem(o.alg);
      const { key, keyId } = signerOf(pem, o.name ?? file.replace(/^.*[\\/]/, '').replace(/\.[a-z]+$/, ''));
      write(file, pem, 0o600);
      write(`${file}.pub`, `${JSON.stringify(key)}\n`, 0o644);
      say(`${nameOf(key)}: ${keyId}\nkeep ${file} to yourself; give ${file}.pub to whoever runs \`sallyport bundle init\``);
    });
}

function write(file: string, text: string, mode: number): void {
  try {
    writeFileSync(file, text, { mode, flag: 'wx' });
  } catch (error) {
    throw new ConfigError(`cannot be written: ${messageOf(error)}`, { file });
  }
}

interface KeyOptions {
  readonly root?: string;
  readonly rootThreshold?: string;
  readonly targets?: string;
  readonly targetsThreshold?: string;
  readonly online?: string;
}

const withKeys = (command: Command): Command =>
  command
    .option('--root <files>', 'public keys that sign the root, separated by commas')
    .option('--root-threshold <n>', 'how many of them must; default: more than half')
    .option('--targets <files>', 'public keys that sign bundles; default: those of the root')
    .option('--targets-threshold <n>', 'how many of them must; default: more than half')
    .option('--online <file>', "the store's keys, from `sallyport bundle online-keys`");

function signatories(files: string | undefined, threshold: string | undefined, field: string): Signatories | undefined {
  if (files === undefined) return undefined;
  const keys = readPublicKeys(list(files));
  const n = threshold === undefined ? Math.floor(keys.length / 2) + 1 : Number(threshold);
  if (!Number.isInteger(n) || n < 1 || n > keys.length) throw new ConfigError(`must be from 1 to ${keys.length}`, { field });
  return { keys, threshold: n };
}

function init(): Command {
  return withKeys(new Command('init').description('make a policy repository: who signs, how many, and the rings').argument('<repo>', 'directory'))
    .option('--rings <names>', 'in the order of a rollout', 'canary,early,stable')
    .action((dir: string, o: KeyOptions & { rings: string }) => {
      if (existsSync(rootFile(dir, 1))) throw new ConfigError('is a policy repository already', { file: dir, fix: 'change it with `sallyport bundle rotate`' });
      const root = signatories(o.root, o.rootThreshold, '--root-threshold');
      if (root === undefined || o.online === undefined) throw new ConfigError('--root and --online are needed', { fix: '`sallyport bundle keygen` makes keys, `sallyport bundle online-keys` asks the store for its own' });
      const targets = signatories(o.targets, o.targetsThreshold, '--targets-threshold') ?? root;
      saveRepo(dir, initRepository({ root, targets, online: readOnlinePair(o.online), rings: list(o.rings), nowMs: Date.now() }));
      say(`${dir}: root by ${root.threshold} of ${root.keys.length}, bundles by ${targets.threshold} of ${targets.keys.length}, rings ${list(o.rings).join(', ')}\nnext: add a bundle, then each signer runs \`sallyport bundle sign ${dir} --key FILE\``);
    });
}

interface Terms {
  readonly percent?: string;
  readonly salt?: string;
  readonly minAgent?: string;
  readonly notBefore?: string;
}

const withTerms = (command: Command): Command =>
  command
    .option('--percent <n>', 'only this share of the ring, by a hash of the device; raise it with another `add` or `promote`')
    .option('--salt <text>', 'of that hash; default: the serial, so that raising the share keeps those who have it')
    .option('--min-agent <version>', 'not on older programs')
    .option('--not-before <time>', 'for example 2026-01-31T12:00:00Z');

function terms(o: Terms, serial: number): Pick<BundleCustom, 'rollout' | 'minAgent' | 'notBefore'> {
  const percent = o.percent === undefined ? undefined : Number(o.percent);
  if (percent !== undefined && !(Number.isInteger(percent) && percent >= 0 && percent <= 100)) throw new ConfigError('must be a whole number from 0 to 100', { field: '--percent' });
  const notBefore = o.notBefore === undefined ? undefined : isoOf(Date.parse(o.notBefore));
  if (notBefore === '') throw new ConfigError('is no time', { field: '--not-before' });
  return {
    ...(percent === undefined || percent === 100 ? {} : { rollout: { percent, salt: o.salt ?? `bundle-${serial}` } }),
    ...(o.minAgent === undefined ? {} : { minAgent: o.minAgent }),
    ...(notBefore === undefined ? {} : { notBefore }),
  };
}

function add(): Command {
  return withTerms(new Command('add').description('list a built bundle in a ring').argument('<repo>').argument('<file>', 'from `sallyport bundle build`').requiredOption('--ring <name>')).action((dir: string, file: string, o: Terms & { ring: string }) => {
    let archive: Uint8Array;
    try {
      archive = readFileSync(file);
    } catch (error) {
      throw new ConfigError(`cannot be read: ${messageOf(error)}`, { file });
    }
    const files = unpackBundle(archive);
    const { engine } = compileBundle(files);
    changeRepo(dir, (repo) => listBundle(repo, { ring: o.ring, entry: keepArchive(dir, archive), custom: { serial: engine.serial, bundle: digestOf(files), ...terms(o, engine.serial) } }, Date.now()));
    say(`${o.ring}: ${engine.name} serial ${engine.serial}${o.percent === undefined ? '' : `, ${o.percent} %`}`);
  });
}

const serialOf = (text: string): number => {
  const serial = Number(text);
  if (!Number.isSafeInteger(serial) || serial < 1) throw new ConfigError('is no serial', { field: text });
  return serial;
};

function promote(): Command {
  return withTerms(new Command('promote').description('list the same bundle, by the same digest, in another ring').argument('<repo>').argument('<serial>').requiredOption('--to <ring>')).action((dir: string, serial: string, o: Terms & { to: string }) => {
    changeRepo(dir, (repo) => promoteBundle(repo, serialOf(serial), o.to, terms(o, serialOf(serial)), Date.now()));
    say(`${o.to}: serial ${serial}`);
  });
}

function withdraw(): Command {
  return new Command('withdraw')
    .description('take a bundle off a ring; devices that run it keep it until the ring lists a higher serial')
    .argument('<repo>')
    .argument('<serial>')
    .requiredOption('--ring <name>')
    .action((dir: string, serial: string, o: { ring: string }) => {
      changeRepo(dir, (repo) => withdrawBundle(repo, serialOf(serial), o.ring, Date.now()));
      say(`${o.ring}: no longer serial ${serial}`);
    });
}

function stop(): Command {
  return new Command('stop')
    .description('end all work on every device at its next look: only break-glass is left')
    .argument('<repo>')
    .requiredOption('--reason <text>', 'what people read')
    .action((dir: string, o: { reason: string }) => {
      changeRepo(dir, (repo) => setStop(repo, o.reason, Date.now()));
      say('written; it counts once signed and pushed');
    });
}

function resume(): Command {
  return new Command('resume')
    .description('take back `stop`')
    .argument('<repo>')
    .action((dir: string) => {
      changeRepo(dir, (repo) => setStop(repo, undefined, Date.now()));
      say('written; it counts once signed and pushed');
    });
}

function renewal(): Command {
  return new Command('renew')
    .description('a new expiry for the lists of bundles, 30 days from now, and nothing else')
    .argument('<repo>')
    .action((dir: string) => {
      changeRepo(dir, (repo) => renew(repo, Date.now()));
      say('written; it counts once signed and pushed');
    });
}

function rotate(): Command {
  return withKeys(new Command('rotate').description('the next root: other signers, thresholds, keys of the store, or only a new expiry').argument('<repo>')).action((dir: string, o: KeyOptions) => {
    const root = signatories(o.root, o.rootThreshold, '--root-threshold');
    const targets = signatories(o.targets, o.targetsThreshold, '--targets-threshold');
    const version = changeRepo(dir, (repo) => {
      rotateRoot(repo, { ...(root === undefined ? {} : { root }), ...(targets === undefined ? {} : { targets }), ...(o.online === undefined ? {} : { online: readOnlinePair(o.online) }) }, Date.now());
      return repo.roots.at(-1)?.signed.version ?? 0;
    });
    say(`root ${version} is written; it needs signatures of the old and of the new root's keys`);
  });
}

function sign(): Command {
  return new Command('sign')
    .description('add your signature to everything that waits for it; says first what you sign')
    .argument('<repo>')
    .requiredOption('--key <file>', 'your private key')
    .option('--json', 'print one JSON object')
    .action(async (dir: string, o: { key: string; json?: boolean }) => {
      const signer = await readPrivateKey(o.key);
      const signed = changeRepo(dir, (repo) => {
        const roles = signAll(repo, signer);
        return { roles, states: signatureStates(repo).filter((s) => roles.includes(s.role)), stops: Object.values(repo.targets.signed.targets).map((t) => t.custom.reason), listed: [...repo.rings].flatMap(([ring, f]) => (roles.includes(ring) ? Object.values(f.signed.targets).map((t) => ({ ring, serial: t.custom.serial, bundle: t.custom.bundle, ...(t.custom.rollout === undefined ? {} : { percent: t.custom.rollout.percent }) })) : [])) };
      });
      if (o.json === true) say(JSON.stringify({ key: keyIdOf(signer.key), ...signed }));
      else if (signed.roles.length === 0) say('nothing waits for a signature of this key');
      else {
        for (const l of signed.listed) say(`  ${l.ring}: serial ${l.serial}${'percent' in l ? ` for ${l.percent} %` : ''} ${l.bundle}`);
        for (const reason of signed.stops) say(`  EMERGENCY STOP: ${reason}`);
        for (const s of signed.states) say(`signed ${s.role}.json version ${s.version}: ${s.isComplete ? 'complete' : `${s.signed.length} of ${s.threshold}, may still sign: ${s.missing.join(', ')}`}`);
      }
      if (signed.roles.length === 0) process.exitCode = 1;
    });
}

/** What devices are told to trust, for `root_sha256` of their configuration. */
export const fingerprintOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
