/** The queries that psql sends for its backslash commands on this very database, as harmless cases. */
import path from 'node:path';
import type { BenignCase } from './corpus-cases.ts';
import type { CorpusWorld } from './corpus-world.ts';
import { libpqEnv } from './gateway.ts';
import { postgresBin } from './postgres-server.ts';
import { runProcess } from './process.ts';

const commands = [
  ...['\\d', '\\d+', '\\d customers', '\\d+ customers', '\\d accounts', '\\d+ accounts', '\\d events', '\\d+ events', '\\d events_2025', '\\d+ hr.employees', '\\d hr.contractors', '\\d+ order_items', '\\d+ documents', '\\d+ leads', '\\d+ tickets', '\\d ticket_no', '\\d customers_pkey'],
  ...['\\d+ v_contacts', '\\d+ mv_mails', '\\d f_remote', '\\d contact_t', '\\d "Mixed Case".*', '\\d "ünï"."Kürzel"', '\\d+ ruled', '\\d+ filled', '\\d+ fin.payments', '\\d audit.*'],
  ...['\\l', '\\l+', '\\du', '\\du+', '\\dg', '\\dn', '\\dn+', '\\df', '\\df+', '\\df f_*', '\\da', '\\dp', '\\dv', '\\dv+', '\\dm', '\\dm+', '\\di', '\\di+', '\\ds', '\\ds+', '\\dt', '\\dt+', '\\dt hr.*', '\\dE', '\\dT', '\\dT+', '\\dD', '\\dD+', '\\dx', '\\dx+ hstore', '\\ddp', '\\drds', '\\dy', '\\dO', '\\dc', '\\dC', '\\do', '\\dF', '\\dF+ corpus_ts', '\\dFd', '\\dFp', '\\dFt', '\\dL', '\\dL+', '\\db', '\\dd', '\\des', '\\dew', '\\deu', '\\det', '\\dl', '\\dRp', '\\dRp+', '\\dP', '\\dPn', '\\dX', '\\dA', '\\dAc', '\\dAf', '\\dAo btree', '\\dAp btree', '\\dconfig', '\\dS pg_class'],
  ...['\\sf f_mail', '\\sf+ p_mail', '\\sv v_contacts', '\\sv+ v_people', '\\z', '\\z customers', '\\conninfo'],
];

/** One case for each backslash command that asks the server anything. */
export async function psqlCases(world: CorpusWorld): Promise<BenignCase[]> {
  const script = commands.map((c, i) => `\\echo @@@ ${i}\n${c}`).join('\n');
  const { stdout } = await runProcess(path.join(postgresBin(), 'psql'), ['-X', '-E'], { env: libpqEnv(world.direct('corpus_a')), input: `${script}\n` });
  const owner = await world.owner('corpus_a');
  // A psql older than the server asks for columns that are gone.
  const works = async (run: readonly string[]): Promise<boolean> => {
    for (const sql of run) if (!(await owner.query(sql).then(() => true, () => false))) return false;
    return true;
  };
  const pieces = stdout.split(/^@@@ /m).slice(1);
  const cases: BenignCase[] = [];
  for (const [i, piece] of pieces.entries()) {
    const run = [...piece.matchAll(/^\*+ QUERY \*+\n([\s\S]*?)\n\*{20,}$/gm)].map((m) => (m[1] ?? '').trim().replace(/;$/, ''));
    const name = (commands[i] ?? '').toLowerCase().replaceAll('+', ' plus').replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
    if (run.length > 0 && (await works(run))) cases.push({ id: `psql-${i + 1}-${name}`, run, on: 'dev', since: 0, until: 99, modes: ['simple', 'extended'], startup: {} });
  }
  return cases;
}
