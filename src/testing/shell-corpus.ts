/** The corpus of command lines, and what the starter bundle makes of a line on a production host. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadBundle } from '../policy/bundle/load.ts';
import { sshActionOf } from '../policy/decide/ssh-action.ts';
import type { ConnectionInfo, Outcome, SshRequest } from '../policy/types.ts';
import { person } from './policy.ts';

export type Effect = Outcome['effect'];
const Corpus = z.array(z.tuple([z.enum(['deny', 'hold', 'allow']), z.string()]).rest(z.string()));

/** Effect, line, facts that must be found. */
export const shellCorpus = Corpus.parse(parse(readFileSync(new URL('../policy/shell/commands.corpus.yaml', import.meta.url), 'utf8')));

export const PROD: ConnectionInfo = { name: 'web1', protocol: 'ssh', labels: { env: 'prod' }, database: '', tls: 'verify' };
export const RANK: Readonly<Record<Effect, number>> = { allow: 0, hold: 1, deny: 2 };

export async function starterDecides(): Promise<(ssh: SshRequest) => Outcome> {
  const engine = await loadBundle('resources/bundles/starter');
  return (ssh) => engine.decide({ principal: person('alice@example.com', 'engineering'), connection: PROD, client: 'native', deviceId: 'd', timeMs: 0, approved: false, action: sshActionOf(ssh), ssh });
}
