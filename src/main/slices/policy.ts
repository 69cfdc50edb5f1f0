/** The active policy, its texts, and what it says about the person who is signed in. */
import { DeniedError } from '../../base/errors.ts';
import type { policySlice, AboutMe, ActivePolicy, Distribution } from '../../contract/ipc/policy.ts';
import type { SliceHandlers } from '../../contract/ipc/slice.ts';
import { analyseSql } from '../../policy/analyse.ts';
import type { AnalysisEnv, ConnectionInfo, Outcome, Request } from '../../policy/types.ts';
import type { UpdaterStatus } from '../../proxy/core/bundle-updater.ts';
import { asSentence } from '../../ui/format.ts';
import type { Work } from '../work/work.ts';
import type { SliceContext } from './context.ts';

/** Typical statements; the tables are invented, so the answers are about kinds of work, not about data. */
const TOPICS: readonly (readonly [topic: string, sql: string])[] = [
  ['SELECT', 'SELECT 1'],
  ['INSERT', 'INSERT INTO public.some_table (id) VALUES (1)'],
  ['UPDATE with a WHERE', 'UPDATE public.some_table SET id = 2 WHERE id = 1'],
  ['UPDATE without a WHERE', 'UPDATE public.some_table SET id = 2'],
  ['DELETE without a WHERE', 'DELETE FROM public.some_table'],
  ['TRUNCATE', 'TRUNCATE public.some_table'],
  ['CREATE TABLE', 'CREATE TABLE public.some_new_table (id integer)'],
  ['DROP TABLE', 'DROP TABLE public.some_table'],
  ['GRANT', 'GRANT SELECT ON public.some_table TO public'],
  ['DROP DATABASE', 'DROP DATABASE some_database'],
  ['COPY to a program', "COPY public.some_table TO PROGRAM 'cat'"],
];

interface Asked {
  readonly about: AboutMe[];
  readonly unmasked: Set<string>;
}

function ask(work: Work, connection: ConnectionInfo): Asked {
  const { engine } = work.bundle;
  const none = (): undefined => undefined;
  const env: AnalysisEnv = { catalog: undefined, searchPath: ['pg_catalog', 'public'], classify: (c) => engine.classify(connection.name, c), prepared: none, cursor: none, standardConformingStrings: true, vouched: engine.vouched };
  const unmasked = new Set<string>();
  const about = TOPICS.flatMap(([topic, sql]): AboutMe[] => {
    const [statement] = analyseSql(sql, env);
    if (statement === undefined) return [];
    const request: Request = { principal: work.identity.principal, connection, client: 'app', deviceId: work.device.id, timeMs: Date.now(), approved: false, action: statement.facts.operations[0]?.action ?? 'sql:session', statement };
    const outcome = engine.decide(request);
    if (outcome.effect === 'allow') for (const id of outcome.maskPlan.unmasked) unmasked.add(id);
    return [{ connection: connection.name, topic, effect: outcome.effect, reason: reasonOf(outcome), policyIds: [...outcome.policyIds] }];
  });
  return { about, unmasked };
}

function reasonOf(outcome: Outcome): string {
  switch (outcome.effect) {
    case 'allow':
      return 'Permitted.';
    case 'deny':
      return outcome.reason;
    case 'hold':
      return `${asSentence(outcome.reason)} Needs ${outcome.quorum} of ${outcome.approvers.join(', ')}.`;
  }
}

/** Absent for a source directory. */
function distributionOf(status: UpdaterStatus | undefined, breakGlass: string | undefined): Distribution | undefined {
  const { active, mode } = status ?? {};
  if (status === undefined || active === undefined || mode === undefined || mode === 'none') return undefined;
  const { ring, rootSha256, endsMs, lastCheckMs, verifiedMs, error, refused, skipped } = status;
  const times = { endsMs, ...(lastCheckMs === undefined ? {} : { lastCheckMs }), ...(verifiedMs === undefined ? {} : { verifiedMs }) };
  return { ring, rootSha256, mode, why: breakGlass ?? '', ...times, ...(error === undefined ? {} : { error }), refused, versions: active.tuf, waiting: skipped.map((s) => ({ ...s })) };
}

function shown(work: Work): ActivePolicy {
  const { engine, activatedMs, compiled, distribution: status } = work.bundle;
  if (compiled.engine.digest !== engine.digest) throw new DeniedError('the policy that is shown is not the one that decides');
  const asked = work.runtime.targets.filter((t) => t.info.protocol === 'postgres').map((t) => ask(work, t.info));
  const distribution = distributionOf(status, work.runtime.policy.breakGlass);
  return {
    // A bundle whose test fails is never activated.
    ...{ name: engine.name, serial: engine.serial, digest: engine.digest, activatedMs, tests: { passed: compiled.tests.length, total: compiled.tests.length } },
    ...{ source: distribution === undefined ? 'source directory' : `ring ${distribution.ring} of the store`, signers: [...(status?.active?.signers ?? [])] },
    ...(distribution === undefined ? {} : { distribution }),
    classes: engine.classes.map((c) => ({ id: c.id, columns: [...c.columns], detectors: [...c.detectors], mask: c.mask.kind, predicates: c.predicates, unmaskedForMe: asked.some((a) => a.unmasked.has(c.id)) })),
    policies: compiled.policies.map((p) => ({
      ...{ id: p.id, file: p.file, effect: p.effect, text: p.text, approvers: [...(p.lift?.groups ?? [])], quorum: p.lift?.quorum ?? 0 },
      ...(p.reason === undefined ? {} : { reason: p.reason }),
    })),
    aboutMe: asked.flatMap((a) => a.about),
  };
}

export function policyHandlers(context: SliceContext): SliceHandlers<typeof policySlice> {
  return {
    active: () => shown(context.need()),
    check: async () => {
      const work = context.need();
      await work.checkPolicy();
      return shown(work);
    },
  };
}
