/** Which keys are the app's while a terminal has the focus. None of them is one that a shell or its line editor uses. Pure. */
import type { Side } from './layout.ts';

export interface Key {
  readonly type: string;
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

export type TerminalCommand =
  | { readonly kind: 'copy' | 'find' | 'split_right' | 'split_down' | 'files' | 'leave' }
  | { readonly kind: 'focus'; readonly side: Side }
  /** The app's own keys: palette, new tab, close tab, from tab to tab, paste. The browser and the menu act on them. */
  | { readonly kind: 'app' }
  /** Bytes that the terminal library has no key for. */
  | { readonly kind: 'send'; readonly data: string };

const SIDES: Readonly<Record<string, Side>> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' };
const WITH_SHIFT: Readonly<Record<string, TerminalCommand>> = {
  KeyC: { kind: 'copy' },
  KeyF: { kind: 'find' },
  KeyE: { kind: 'split_right' },
  KeyO: { kind: 'split_down' },
  KeyU: { kind: 'files' },
  // Tab is the shell's: this is the way out for who has no mouse (WCAG 2.1.2).
  KeyM: { kind: 'leave' },
  KeyV: { kind: 'app' },
  KeyP: { kind: 'app' },
  KeyT: { kind: 'app' },
  KeyW: { kind: 'app' },
};

/** @returns undefined for a key that is the shell's @param mac Cmd stands for Ctrl+Shift there, as people expect */
export function terminalCommand(e: Key, mac: boolean): TerminalCommand | undefined {
  if (e.altKey) return undefined;
  if (mac && e.metaKey && !e.ctrlKey) return e.code === 'KeyF' ? { kind: 'find' } : e.code === 'KeyD' ? { kind: e.shiftKey ? 'split_down' : 'split_right' } : { kind: 'app' };
  if (e.metaKey) return undefined;
  // As terminals have it; the library sends nothing for it.
  if (e.ctrlKey && !e.shiftKey && e.code === 'Digit2') return { kind: 'send', data: '\0' };
  if (e.ctrlKey && !e.shiftKey && e.code === 'Insert') return { kind: 'copy' };
  if (!e.ctrlKey && e.shiftKey && e.code === 'Insert') return { kind: 'app' };
  // From tab to tab, as everywhere; no shell can tell it from Tab.
  if (e.ctrlKey && e.code === 'Tab') return { kind: 'app' };
  if (!e.ctrlKey || !e.shiftKey) return undefined;
  const side = SIDES[e.code];
  return side === undefined ? WITH_SHIFT[e.code] : { kind: 'focus', side };
}
