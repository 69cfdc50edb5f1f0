/** How interactive shells of a connection are watched: the strictest of the default and every rule that matches it. */
import type { ConnectionInfo, TerminalMode, TerminalRules } from '../types.ts';

export interface TerminalPolicy {
  readonly mode: TerminalMode;
  readonly uncertain: TerminalRules['uncertain'];
  readonly env: readonly string[];
  readonly rules: readonly {
    readonly connections?: readonly string[] | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly mode: TerminalMode;
    readonly uncertain?: TerminalRules['uncertain'] | undefined;
  }[];
}

/** Without a terminal.yaml: nothing is typed into a shell that policy does not read first. */
export const STRICT_TERMINAL: TerminalPolicy = { mode: 'command', uncertain: 'deny', env: [], rules: [] };

const MODES: readonly TerminalMode[] = ['observe', 'gate', 'command'];
const UNCERTAIN: readonly TerminalRules['uncertain'][] = ['observe', 'deny'];

export function terminalFor(policy: TerminalPolicy, connection: ConnectionInfo): TerminalRules {
  let { mode, uncertain } = policy;
  for (const rule of policy.rules) {
    if (rule.connections && !rule.connections.includes(connection.name)) continue;
    if (rule.labels && !Object.entries(rule.labels).every(([k, v]) => connection.labels[k] === v)) continue;
    if (MODES.indexOf(rule.mode) > MODES.indexOf(mode)) mode = rule.mode;
    if (rule.uncertain && UNCERTAIN.indexOf(rule.uncertain) > UNCERTAIN.indexOf(uncertain)) uncertain = rule.uncertain;
  }
  return { mode, uncertain, env: policy.env };
}
