/** Keys of the player. Pure. */

export type ReplayCommand = 'toggle' | 'next' | 'previous' | 'next-notable' | 'previous-notable' | 'first' | 'last' | 'find' | 'skip-idle';

interface Key {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

const PLAIN: Readonly<Record<string, ReplayCommand>> = { ' ': 'toggle', k: 'toggle', ArrowRight: 'next', l: 'next', ArrowLeft: 'previous', j: 'previous', n: 'next-notable', p: 'previous-notable', f: 'find', s: 'skip-idle', Home: 'first', End: 'last' };
const SHIFTED: Readonly<Record<string, ReplayCommand>> = { ArrowRight: 'next-notable', ArrowLeft: 'previous-notable' };
/** In the list of steps these move too; elsewhere they scroll. */
const IN_LIST: Readonly<Record<string, ReplayCommand>> = { ArrowDown: 'next', ArrowUp: 'previous' };

/**
 * @param where what has the focus: in a `field` every key is text, a `control` has keys of its own, `list` is the list of steps
 * @returns undefined for a key that is not the player's
 */
export function replayCommand(key: Key, where: 'field' | 'control' | 'list' | 'elsewhere'): ReplayCommand | undefined {
  if (key.ctrlKey || key.metaKey || key.altKey || where === 'field') return undefined;
  if (where === 'control' && (key.key === ' ' || key.key.startsWith('Arrow') || key.key === 'Home' || key.key === 'End')) return undefined;
  if (key.shiftKey) return SHIFTED[key.key];
  return PLAIN[key.key] ?? (where === 'list' ? IN_LIST[key.key] : undefined);
}

/** What kind of place an element is, for `replayCommand`. */
export function placeOf(target: EventTarget | null): 'field' | 'control' | 'list' | 'elsewhere' {
  if (!(target instanceof Element)) return 'elsewhere';
  if (target.closest('[role=listbox]') !== null) return 'list';
  if (target instanceof HTMLInputElement) return ['range', 'radio', 'checkbox', 'button', 'file'].includes(target.type) ? 'control' : 'field';
  if (target.closest('textarea, select, [contenteditable=true], [role=combobox], [role=dialog], [role=menu]') !== null) return 'field';
  return target.closest('button, a[href], summary, [role=tab], [role=radio], [role=region]') === null ? 'elsewhere' : 'control';
}
