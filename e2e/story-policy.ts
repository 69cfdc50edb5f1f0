/** Policy as security works with it: the product's own commands, two signers, a repository for each store. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commandArgs } from '../src/testing/gateway.ts';
import { runProcess } from '../src/testing/process.ts';
import { root } from './fixtures.ts';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the sallyport command as a process of its own. @throws Error with its output, unless it exits with 0 */
export async function command(...args: readonly string[]): Promise<string> {
  const ran = await runProcess(process.execPath, await commandArgs(...args), { timeoutMs: 60_000 });
  if (ran.code !== 0) throw new Error(`sallyport ${args.slice(0, 2).join(' ')} ended with ${String(ran.code)}: ${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

const signers = ['ines', 'otto'] as const;
export const NEW_POLICY = 'agents-never-truncate';
const NEW_TEXT = `@id("${NEW_POLICY}")\n@reason("agents do not empty tables")\nforbid(principal is Agent, action == Action::"sql:truncate", resource);\n`;

/** Keys of two signers, and the starter bundle twice: as it ships, and with one policy more. */
export class Signers {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async prepare(dir: string): Promise<Signers> {
    const made = new Signers(dir);
    const starter = path.join(root, 'resources', 'bundles', 'starter');
    for (const serial of [1, 2]) {
      const source = path.join(dir, `source-${serial}`);
      cpSync(starter, source, { recursive: true });
      const manifest = path.join(source, 'bundle.yaml');
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^serial: .*$/m, `serial: ${serial}`));
    }
    writeFileSync(path.join(dir, 'source-2', 'policies', 'agents.cedar'), NEW_TEXT);
    await Promise.all([
      ...signers.map((name) => command('bundle', 'keygen', path.join(dir, `${name}.key`))),
      ...[1, 2].map((serial) => command('bundle', 'build', path.join(dir, `source-${serial}`), '-o', made.bundle(serial))),
    ]);
    return made;
  }

  key(name: string): string {
    return path.join(this.dir, `${name}.key`);
  }

  bundle(serial: number): string {
    return path.join(this.dir, `bundle-${serial}.tar.gz`);
  }
}

export class Repository {
  readonly #dir: string;
  readonly #signers: Signers;
  readonly #asSecurity: readonly string[];

  private constructor(dir: string, by: Signers, asSecurity: readonly string[]) {
    this.#dir = dir;
    this.#signers = by;
    this.#asSecurity = asSecurity;
  }

  /** @param asSecurity the options by which a person who may push is known to the store */
  static async begin(dir: string, by: Signers, asSecurity: readonly string[]): Promise<Repository> {
    mkdirSync(dir, { recursive: true });
    const online = path.join(dir, 'online.json');
    await command('bundle', 'online-keys', ...asSecurity, '-o', online);
    const repository = new Repository(path.join(dir, 'repo'), by, asSecurity);
    await command('bundle', 'init', repository.#dir, '--root', signers.map((name) => `${by.key(name)}.pub`).join(','), '--online', online);
    return repository;
  }

  /** What devices are told to trust; it is whole once the first bundle is signed. */
  get rootFile(): string {
    return path.join(this.#dir, 'metadata', '1.root.json');
  }

  async sign(serial: number): Promise<void> {
    await command('bundle', 'add', this.#dir, this.#signers.bundle(serial), '--ring', 'stable');
    await this.#signAll();
  }

  async #signAll(): Promise<void> {
    for (const name of signers) await command('bundle', 'sign', this.#dir, '--key', this.#signers.key(name));
  }

  push(): Promise<string> {
    return command('bundle', 'push', this.#dir, ...this.#asSecurity);
  }

  async stop(reason: string): Promise<void> {
    await command('bundle', 'stop', this.#dir, '--reason', reason);
    await this.#signAll();
    await this.push();
  }
}
