/** What a person is told about how their shell is watched: one plain sentence. Pure. */
import type { ShellForecast } from '../../contract/ipc/terminal.ts';

export interface ShellWords {
  readonly name: string;
  readonly sentence: string;
  /** What there is to know besides. */
  readonly more: string;
}

const uncertain = {
  deny: 'Where the line cannot be read, in an editor say, Enter is refused.',
  hold: 'Where the line cannot be read, in an editor say, Enter is refused.',
  observe: 'Where the line cannot be read, in an editor say, it is only recorded.',
} as const;

export function shellWords({ effect, reason, approvers, mode, uncertain: unread }: ShellForecast): ShellWords {
  if (effect === 'deny') return { name: 'denied', sentence: `Policy lets you open no shell here: ${reason}.`, more: '' };
  if (effect === 'hold') return { name: 'held', sentence: `A shell here waits for ${approvers.join(' or ')}: ${reason}.`, more: '' };
  switch (mode) {
    case 'observe':
      return { name: 'observe', sentence: 'All you see and type is recorded. Nothing is stopped.', more: 'Passwords that are typed without an echo are counted and not kept.' };
    case 'gate':
      return { name: 'gate', sentence: 'Each line waits for policy when you press Enter. It catches mistakes and is no boundary.', more: uncertain[unread] };
    case 'command':
      return { name: 'command', sentence: 'No shell of the host: each line is decided, then run by itself. A boundary.', more: 'cd and plain variables are kept from line to line. Programs that need a terminal of their own run as such commands too.' };
  }
}
