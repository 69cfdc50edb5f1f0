/** From the text of a command line to what it does. Never throws, does no I/O; what is not understood is `opaque`. */
import type { CommandAnalysis, ShellEnv } from './types.ts';

/** An exec request: starts in the home directory, which is not known by name. */
export const EXEC: ShellEnv = { cwd: 'home', interactive: false };

export function analyseCommand(text: string, env: ShellEnv = EXEC): CommandAnalysis {
  return { text, commands: [], files: [], programs: [], forms: [], touches: [], opaque: [{ reason: 'parse', detail: env.interactive ? 'typed into a shell' : 'not read' }] };
}
