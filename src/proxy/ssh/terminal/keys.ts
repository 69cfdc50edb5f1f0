/** Cuts what a terminal sends into keys: characters, control characters, escape sequences, answers to questions, pastes. */

export type Key =
  /** Text: characters that stand for themselves. */
  | { readonly kind: 'text'; readonly bytes: Buffer }
  /** Ends a line in a line editor: Enter and what editors bind like it. */
  | { readonly kind: 'submit'; readonly bytes: Buffer }
  /** Takes back one character. */
  | { readonly kind: 'backspace'; readonly bytes: Buffer }
  /** Ctrl-C, Ctrl-\, Ctrl-Z: never waits. */
  | { readonly kind: 'interrupt'; readonly bytes: Buffer }
  /** Moves, edits, recalls, completes: changes the line but does not end it. */
  | { readonly kind: 'edit'; readonly bytes: Buffer }
  /** What the terminal says by itself: focus, mouse, answers. Changes nothing. */
  | { readonly kind: 'report'; readonly bytes: Buffer }
  /** A bracketed paste, brackets included. */
  | { readonly kind: 'paste'; readonly bytes: Buffer }
  /** A key that a program may have bound to anything. */
  | { readonly kind: 'unknown'; readonly bytes: Buffer };

const EMPTY = Buffer.alloc(0);
const ESC = 0x1b;
const ESCAPE = String.fromCharCode(ESC);
const BEL = String.fromCharCode(0x07);
const PASTE = `${ESCAPE}[200~`;
const PASTE_END = `${ESCAPE}[201~`;

/** What may come after Escape. */
const SEQUENCE = new RegExp(`^(?:\\[M[^]{3}|\\[[0-?]*[ -/]*[@-~]|O[ -~]|[\\]PX^_][^${BEL}${ESCAPE}]*(?:${BEL}|${ESCAPE}\\\\)|[^])`);
/** Cursor and editing keys, with modifiers. */
const EDIT = /^(?:\[(?:1;[2-8])?[ABCDHF]|\[Z|\[[1-8](?:;[2-8])?~|O[ABCDHF])$/;
const REPORT = /^(?:\[[IO]|\[M[^]{3}|\[<[0-9;]+[Mm]|\[[0-9;]*[Rn]|\[[?>=][0-9;]*(?:c|\$y|u)|[\]P][^]*)$/;

/**
 * @param bytes in the order in which they came
 * @param whole false: an escape sequence at the end may be unfinished and is left over
 */
export function splitKeys(bytes: Buffer, whole: boolean): { readonly keys: readonly Key[]; readonly rest: Buffer } {
  const keys: Key[] = [];
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte === ESC) {
      const key = escape(bytes.subarray(at), whole);
      if (key === undefined) break;
      keys.push(key);
      at += key.bytes.length;
    } else if (byte < 0x20 || byte === 0x7f) {
      keys.push(control(bytes.subarray(at, at + 1), byte));
      at++;
    } else {
      let end = at;
      while (end < bytes.length && (bytes[end] ?? 0) >= 0x20 && bytes[end] !== 0x7f) end++;
      keys.push({ kind: 'text', bytes: bytes.subarray(at, end) });
      at = end;
    }
  }
  return { keys, rest: bytes.subarray(at) };
}

function control(bytes: Buffer, byte: number): Key {
  switch (byte) {
    // Enter, Ctrl-J, and Ctrl-O, which runs the line and recalls the next.
    case 0x0d:
    case 0x0a:
    case 0x0f:
      return { kind: 'submit', bytes };
    case 0x03:
    case 0x1c:
    case 0x1a:
      return { kind: 'interrupt', bytes };
    case 0x7f:
    case 0x08:
      return { kind: 'backspace', bytes };
    // Ctrl-X begins sequences, one of which edits the line in an editor and runs it.
    case 0x18:
      return { kind: 'unknown', bytes };
    default:
      return { kind: 'edit', bytes };
  }
}

function escape(bytes: Buffer, whole: boolean): Key | undefined {
  const text = bytes.toString('latin1');
  if (text.startsWith(PASTE)) {
    const end = text.indexOf(PASTE_END);
    if (end < 0) return whole ? { kind: 'unknown', bytes } : undefined;
    return { kind: 'paste', bytes: bytes.subarray(0, end + PASTE_END.length) };
  }
  const match = SEQUENCE.exec(text.slice(1))?.[0];
  // Escape alone, or the beginning of something: the time tells, which is the caller's.
  if (match === undefined || /^[[\]PO]$/.test(match)) return whole ? { kind: 'edit', bytes } : undefined;
  const key = bytes.subarray(0, 1 + match.length);
  if (EDIT.test(match)) return { kind: 'edit', bytes: key };
  if (REPORT.test(match)) return { kind: 'report', bytes: key };
  // Keys that run a line without Enter: Meta-# of readline takes a comment sign away first, Meta-A of zsh keeps the line,
  // its Meta-X and Meta-Z do whatever is named, and `v` in the vi mode of readline has the line edited elsewhere first.
  if (/^[#vaAxXzZ]$/.test(match)) return { kind: 'unknown', bytes: key };
  // Meta and a printable character, or rubout: a word moved, changed or deleted. Meta-Enter and the like may run the line.
  const code = match.charCodeAt(0);
  return { kind: match.length === 1 && ((code >= 0x20 && code <= 0x7f) || code === 0x08) ? 'edit' : 'unknown', bytes: key };
}

/** The text of a paste. */
export const pasted = (key: Buffer): Buffer => key.subarray(PASTE.length, key.length - PASTE_END.length);

/** A bracketed paste whose end has not come yet. */
export const isUnfinishedPaste = (bytes: Buffer): boolean => bytes.indexOf(PASTE, 0, 'latin1') === 0 && !bytes.includes(PASTE_END);

/**
 * Where a line ends that is not read: behind Enter, Ctrl-J, Ctrl-O or an interrupt, or behind the end of its paste.
 * @returns `found` false: `at` is how much cannot be a part of that end
 */
export function lineEnd(bytes: Buffer, paste: boolean): { readonly found: boolean; readonly at: number } {
  if (paste) {
    const end = bytes.indexOf(PASTE_END, 0, 'latin1');
    return end < 0 ? { found: false, at: Math.max(0, bytes.length - PASTE_END.length + 1) } : { found: true, at: end + PASTE_END.length };
  }
  const end = bytes.findIndex((byte) => byte < 0x20 && ['submit', 'interrupt'].includes(control(EMPTY, byte).kind));
  return end < 0 ? { found: false, at: bytes.length } : { found: true, at: end + 1 };
}
