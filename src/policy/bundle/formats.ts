/** The YAML files of a bundle, as zod schemas. docs/policy.md describes the same fields for people. */
import { z } from 'zod';
import { parseColumnGlob } from '../classify/glob.ts';
import { parsePathGlob } from '../classify/path-glob.ts';
import { messageOf } from '../../base/errors.ts';
import { detectorNames } from '../mask/detect/ids.ts';
import { SQL_ACTION_GROUPS, SSH_ACTION_GROUPS } from '../decide/schema.ts';
import { parseSignature } from '../classify/signature.ts';
import { fields } from './yaml.ts';

const Id = z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be lower-case letters, digits, "-" and "_", starting with a letter');
const GroupName = z.string().min(1).max(200).regex(/^[^\s,]+$/, 'must have no white space or comma');

const DURATION_UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const MAX_DURATION_MS = 7 * DURATION_UNITS.d;

/** Milliseconds of `90s`, `15m`, `2h`, `1d`; undefined for anything else, for zero and for more than a week. */
export function parseDurationMs(text: string): number | undefined {
  const m = /^([1-9]\d{0,6})([smhd])$/.exec(text);
  if (!m) return undefined;
  const ms = Number(m[1]) * DURATION_UNITS[m[2] as keyof typeof DURATION_UNITS];
  return ms <= MAX_DURATION_MS ? ms : undefined;
}

const DurationMs = z.string().transform((text, ctx): number => {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  ctx.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is not a duration like 90s, 15m, 2h or 1d of at most 7 days` });
  return z.NEVER;
});

const ColumnGlobText = z.string().superRefine((text, ctx) => {
  try {
    parseColumnGlob(text);
  } catch (error) {
    ctx.addIssue({ code: 'custom', message: messageOf(error) });
  }
});

const PathGlobText = z.string().max(1000).superRefine((text, ctx) => {
  try {
    parsePathGlob(text);
  } catch (error) {
    ctx.addIssue({ code: 'custom', message: messageOf(error) });
  }
});

export const BundleYaml = fields({
  name: Id,
  description: z.string().max(500).optional(),
  /** Only rises; a client never goes back to a lower one. */
  serial: z.int().min(1),
  /** When this bundle takes over: sessions that are open go on by the policy they began with, or end. */
  running_sessions: z.enum(['keep', 'end']).default('keep'),
  min_app_version: z.string().regex(/^\d+\.\d+\.\d+$/, 'must be like 1.2.3'),
});

const ClassYaml = fields({
  id: Id,
  description: z.string().max(500).optional(),
  columns: z.array(ColumnGlobText).max(1000),
  except: z.array(ColumnGlobText).max(1000).default([]),
  /** Files of SSH targets. */
  paths: z.array(PathGlobText).max(1000).default([]),
  detectors: z.array(z.string().refine((d) => detectorNames.includes(d), { message: `must be one of ${detectorNames.join(', ')}` })).default([]),
  mask: fields({ kind: z.enum(['token', 'partial', 'full', 'null']) }),
  predicates: z.enum(['allow', 'equality', 'deny']),
});
const FunctionYaml = fields({
  /** `schema.name(type, type)`, types as the server prints them. */
  signature: z.string().max(1000).transform((text, ctx) => {
    const parsed = parseSignature(text);
    if (parsed !== undefined) return parsed;
    ctx.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is not a signature like public.slug(text, integer)` });
    return z.NEVER;
  }),
  taint: z.enum(['arguments', 'none']),
});
export const ClassificationYaml = fields({ classes: z.array(ClassYaml).max(500), functions: z.array(FunctionYaml).max(1000).default([]) });

export const ApprovalsYaml = fields({
  groups: z
    .array(
      fields({
        /** The identity group whose members approve. */
        id: GroupName,
        description: z.string().max(500).optional(),
        /** Least number of people, whatever a policy's @quorum says. */
        quorum: z.int().min(1).max(10).default(1),
        /** Longest time an approval stays open, whatever a policy's @expires says. */
        expires: DurationMs.default(15 * DURATION_UNITS.m),
      }),
    )
    .max(200),
});

const ACTIONS = [...Object.keys(SQL_ACTION_GROUPS), ...Object.keys(SSH_ACTION_GROUPS)];
const Level = z.enum(['statement', 'masked', 'full', 'sealed']);
const Labels = z.record(z.string().regex(/^[^=]+$/, 'a label key has no "="'), z.string());
export const RecordingYaml = fields({
  /** Level where no rule matches. */
  level: Level,
  /** Name of the store's retention class. */
  retention: Id.default('standard'),
  rules: z
    .array(
      fields({
        connections: z.array(z.string().min(1)).optional(),
        labels: Labels.optional(),
        actions: z.array(z.string().refine((a) => ACTIONS.includes(a), { message: `must be one of ${ACTIONS.join(', ')}` })).optional(),
        level: Level,
      }),
    )
    .max(200)
    .default([]),
});
export type RecordingRules = z.output<typeof RecordingYaml>;

const Mode = z.enum(['observe', 'gate', 'command']);
const Uncertain = z.enum(['deny', 'observe'], { error: (issue) => (issue.input === 'hold' ? 'hold is not possible here: nobody can approve keys whose meaning is not known; say deny or observe' : 'must be deny or observe') });
export const TerminalYaml = fields({
  /** Mode where no rule is stricter. */
  mode: Mode,
  uncertain: Uncertain.default('deny'),
  /** Environment variables that a client may set on SSH targets. */
  env: z.array(z.string().regex(/^[A-Za-z_]\w*\*?$/, 'must be a name, or the beginning of one and "*"')).max(100).default([]),
  rules: z
    .array(fields({ connections: z.array(z.string().min(1)).optional(), labels: Labels.optional(), mode: Mode, uncertain: Uncertain.optional() }))
    .max(200)
    .default([]),
});

const SftpTest = fields({ operation: z.enum(['list', 'read', 'write', 'delete', 'rename']), path: z.string().startsWith('/'), new_path: z.string().startsWith('/').optional(), home: z.string().startsWith('/').optional() });
const ForwardTest = fields({ direction: z.enum(['local', 'remote']).default('local'), host: z.string().min(1), port: z.int().min(0).max(65_535) });

const Who = fields({
  subject: z.string().min(1),
  name: z.string().optional(),
  groups: z.array(GroupName).default([]),
  kind: z.enum(['User', 'Agent']).default('User'),
});

/** One request and what must come of it. */
export const TestYaml = fields({
  name: z.string().min(1).max(300),
  as: Who,
  connection: fields({
    name: z.string().min(1).default('test'),
    labels: Labels.default({}),
    database: z.string().default('app'),
    tls: z.enum(['verify', 'disable']).default('verify'),
    /** ssh for requests of SSH, otherwise postgres, unless it says so. */
    protocol: z.enum(['postgres', 'ssh']).optional(),
  }).prefault({}),
  client: z.enum(['app', 'native', 'agent']).default('native'),
  /** Time of the request, for policies that read context.time. */
  time: z.iso.datetime().optional(),
  /** `connect` asks for the session itself; otherwise `sql` is given. */
  action: z.enum(['connect', 'replay', 'export']).optional(),
  sql: z.string().optional(),
  /** SSH: a command line, one typed into a shell, opening a shell, a file request, a forward, the agent. */
  exec: z.string().optional(),
  typed: z.string().optional(),
  shell: z.literal(true).optional(),
  sftp: SftpTest.optional(),
  forward: ForwardTest.optional(),
  agent: z.literal(true).optional(),
  /** What the planner would say, for policies that read context.estimatedRows. */
  estimated_rows: z.int().min(0).optional(),
  approved: z.boolean().default(false),
  /** Asked of what is left when the bundle has expired or security has stopped all work. */
  break_glass: z.boolean().default(false),
  expect: z.enum(['deny', 'hold', 'allow']),
  /** A policy that must be among the determining ones. */
  policy: z.string().optional(),
  reason_contains: z.string().optional(),
  /** Names of output columns that must be masked; the others must not be. */
  masked: z.array(z.string()).optional(),
  quorum: z.int().min(1).optional(),
  /** How a shell on the connection is watched; for SSH requests that are allowed. */
  terminal: Mode.optional(),
  /** People who must be allowed, and who must not be, to approve the held request. */
  may_approve: z.array(Who).optional(),
  may_not_approve: z.array(Who).optional(),
}).refine((t) => [t.sql, t.action, t.exec, t.typed, t.shell, t.sftp, t.forward, t.agent].filter((x) => x !== undefined).length === 1, {
  message: 'give one of sql, action, exec, typed, shell, sftp, forward and agent',
  path: ['sql'],
});
export type BundleTest = z.output<typeof TestYaml>;

export const TestsYaml = z.array(TestYaml);
