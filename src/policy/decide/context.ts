/**
 * Cedar's `context` of a request. Facts are looked up by name, and only those that policies read are built and sent:
 * a smaller question, and a cache key that hits. schema.ts says what each fact means.
 */
import type { CommandAnalysis } from '../shell/types.ts';
import type { Principal, Request, SqlFacts } from '../types.ts';
import type { CedarValueJson } from './cedar.ts';
import { FACTS } from './schema.ts';

export type Context = Readonly<Record<string, CedarValueJson>>;
/** Value of a fact, or undefined when the action does not have it. */
export type Facts = (name: string) => CedarValueJson | undefined;

/** Facts that every action has. `time` is a Cedar datetime in UTC with milliseconds. */
export function baseFacts(r: Request): Facts {
  return (name) => {
    switch (name) {
      case 'approved':
        return r.approved;
      case 'client':
        return r.client;
      case 'device':
        return r.deviceId;
      case 'time':
        return { __extn: { fn: 'datetime', arg: new Date(r.timeMs).toISOString() } };
      case 'protocol':
        return r.connection.protocol;
      case 'database':
        return r.connection.database;
      case 'tls':
        return r.connection.tls;
      default:
        return undefined;
    }
  };
}

/** What differs between the operations of one statement. */
export interface OperationFacts {
  readonly label: string;
  readonly predicate: string;
}

/** Facts of one operation of a statement. `classes` are the ids of the classes it reads. */
export function sqlFactsOf(base: Facts, s: SqlFacts, classes: readonly string[], op: OperationFacts): Facts {
  return (name) => {
    switch (name) {
      case 'label':
        return op.label;
      case 'predicate':
        return op.predicate;
      case 'statement':
        return s.statement;
      case 'tables':
        return [...s.tables];
      case 'functions':
        return [...s.functions];
      case 'classes':
        return [...classes];
      case 'hasWhere':
        return s.hasWhere;
      case 'tautology':
        return s.tautology;
      case 'writes':
        return s.writes;
      case 'plainRead':
        return s.plainRead;
      case 'fileAccess':
        return s.fileAccess;
      case 'programAccess':
        return s.programAccess;
      case 'setting':
        return (s.setting ?? '').toLowerCase();
      case 'estimatedRows':
        return s.estimatedRows;
      default:
        return base(name);
    }
  };
}

/** What differs between the questions of one SSH request. */
export interface FileFacts {
  readonly exact: boolean;
  readonly recursive: boolean;
  readonly program: string;
}

/** Facts of an SSH request. `command` is absent for what is no command line. */
export function sshFactsOf(base: Facts, command: CommandAnalysis | undefined, isTyped: boolean, file: FileFacts): Facts {
  const own: Context = {
    programs: [...(command?.programs ?? [])],
    forms: [...(command?.forms ?? [])],
    touches: [...(command?.touches ?? [])],
    opaque: (command?.opaque.length ?? 0) > 0,
    opaqueReasons: [...new Set(command?.opaque.map((o) => o.reason))].sort(),
    readOnly: command !== undefined && command.opaque.length === 0 && command.touches.every((t) => t === 'network') && command.files.every((f) => f.access === 'read'),
    typed: isTyped,
    exact: file.exact,
    recursive: file.recursive,
    program: file.program,
  };
  return (name) => (Object.hasOwn(own, name) ? own[name] : base(name));
}

/** Facts about the request that an approver is asked to approve. */
export function approveFacts(r: Request, requester: Principal, policies: readonly string[]): Facts {
  const base = baseFacts(r);
  const own: Context = {
    requester: requester.subject,
    requesterGroups: [...requester.groups],
    requesterKind: requester.kind,
    policies: [...policies],
    statement: r.statement?.facts.statement ?? (r.ssh === undefined ? '' : r.action),
  };
  return (name) => own[name] ?? base(name);
}

export const withApproval = (facts: Facts): Facts => (name) => (name === 'approved' ? true : facts(name));

/** The context with the facts that are `read`; with every fact the action has when a policy uses it as a whole. */
export function project(facts: Facts, read: ReadonlySet<string> | 'all'): Context {
  const out: Record<string, CedarValueJson> = {};
  for (const name of read === 'all' ? FACTS : read) {
    const value = facts(name);
    if (value !== undefined) out[name] = value;
  }
  return out;
}
