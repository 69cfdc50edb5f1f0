/** Which recording level a statement gets: the highest of the default and every rule that matches it. */
import type { ConnectionInfo, RecordLevel } from '../types.ts';

export interface RecordingPolicy {
  readonly level: RecordLevel;
  readonly rules: readonly {
    readonly connections?: readonly string[] | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly actions?: readonly string[] | undefined;
    readonly level: RecordLevel;
  }[];
}

const ORDER: readonly RecordLevel[] = ['statement', 'masked', 'full', 'sealed'];

export function recordLevelFor(policy: RecordingPolicy, connection: ConnectionInfo, actions: readonly string[]): RecordLevel {
  let level = policy.level;
  for (const rule of policy.rules) {
    if (rule.connections && !rule.connections.includes(connection.name)) continue;
    if (rule.labels && !Object.entries(rule.labels).every(([k, v]) => connection.labels[k] === v)) continue;
    if (rule.actions && !rule.actions.some((a) => actions.includes(a))) continue;
    if (ORDER.indexOf(rule.level) > ORDER.indexOf(level)) level = rule.level;
  }
  return level;
}
