/** From the grammar's words to fields: quotes, escapes, tilde, braces and variables as the shell treats them, where they are known. */
import { forEachChild } from 'unbash';
import type { ArithmeticExpression, ParameterExpansionPart, ParsedScript, SyntaxNode, Word, WordPart } from 'unbash';
import { expandBraces } from './braces.ts';
import { fieldOf } from './field.ts';
import type { Field, Piece } from './field.ts';
import { shellLimits } from './limits.ts';
import type { OpaqueReason } from './types.ts';

/** A value that a variable is known to have. */
export interface Value {
  readonly pieces: readonly Piece[];
  readonly home: boolean;
}

/** What expansion asks of the walk. */
export interface Scope {
  /** Every value that the variable may have; undefined when they are not all known. */
  values(name: string): readonly Value[] | undefined;
  isAssigned(name: string): boolean;
  /** Nothing that this line or its sender could have written sets the variable. */
  isUnset(name: string): boolean;
  /** The variable surely holds an integer. */
  isNumber(name: string): boolean;
  /** Arithmetic sets the variable to an integer. */
  numberSet(name: string): void;
  /** An expansion sets the variable. */
  variableSet(name: string): void;
  /** Analyses a substitution; what it prints, as far as it is known. */
  substitution(script: ParsedScript, isShown?: boolean): Piece;
  opaque(reason: OpaqueReason, detail: string): void;
}

interface Draft {
  readonly pieces: readonly Piece[];
  readonly home: boolean;
  readonly splits: boolean;
  readonly quoted: boolean;
}

const UNKNOWN: Piece = { kind: 'value', plain: false };
const UNSET: Piece = { kind: 'value', plain: false, unset: true };
const PLAIN: Piece = { kind: 'value', plain: true };
const PLAIN_WORD: Piece = { kind: 'value', plain: true, single: true };
const EMPTY: Draft = { pieces: [], home: false, splits: false, quoted: false };
const text = (t: string): Piece => ({ kind: 'text', text: t });

/** Parameters whose values are numbers or names of the system, unless the line assigns them. */
const PLAIN_PARAMETERS = new Set(['$', '?', '#', '!', 'UID', 'EUID', 'PPID', 'RANDOM', 'SRANDOM', 'SECONDS', 'LINENO', 'EPOCHSECONDS', 'BASHPID', 'HOSTNAME', 'USER', 'LOGNAME']);
const NUMBER_PARAMETERS = new Set(['UID', 'EUID', 'PPID', 'RANDOM', 'SRANDOM', 'SECONDS', 'LINENO', 'EPOCHSECONDS', 'BASHPID']);
/** Unquoted, some shells or editors of lines take these for white space, an end of line or nothing at all. */
const ODD_RANGES = [[0, 8], [11, 31], [127, 159], [0xa0, 0xa0], [0xad, 0xad], [0x1680, 0x1680], [0x180e, 0x180e], [0x2000, 0x200f], [0x2028, 0x202f], [0x205f, 0x206f], [0x3000, 0x3000], [0x61c, 0x61c], [0x115f, 0x1160], [0x3164, 0x3164], [0xfe00, 0xfe0f], [0xfeff, 0xfeff], [0xffa0, 0xffa0], [0xfff0, 0xfffb],
  // Look like a slash.
  [0x2044, 0x2044], [0x2215, 0x2215], [0x29f8, 0x29f9], [0xff0f, 0xff0f]] as const;

function isOdd(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c < 32 || c > 126) && ODD_RANGES.some(([from, to]) => c >= from && c <= to)) return true;
  }
  return false;
}

/** The fields that a word becomes: one, or several for braces and for variables with several known values. */
export function expandWord(word: Word, scope: Scope): Field[] {
  const drafts = draftsOf(word, scope);
  return drafts
    .filter((d) => d.quoted || d.home || d.pieces.some((p) => p.kind !== 'text' || p.text !== ''))
    .map((d) => fieldOf(d.pieces, d.home, d.splits));
}

/** The value that an assignment gives: not split, globs are plain text. */
export function valueOf(word: Word, scope: Scope): Value | undefined {
  const [only, ...more] = draftsOf(word, scope);
  if (only === undefined || more.length > 0 || only.pieces.some((p) => p.kind !== 'text')) return undefined;
  return { pieces: only.pieces, home: only.home };
}

function draftsOf(word: Word, scope: Scope): readonly Draft[] {
  const parts: readonly WordPart[] = word.parts ?? [{ type: 'Literal', pos: word.pos, end: word.end, value: word.value, text: word.text }];
  if (parts.length > shellLimits.wordParts) return tooMany(scope);
  let drafts: readonly Draft[] = [EMPTY];
  for (const [i, part] of parts.entries()) drafts = append(drafts, partDrafts(part, i === 0, parts.length === 1, scope), scope);
  return drafts;
}

function tooMany(scope: Scope): readonly Draft[] {
  scope.opaque('limit', `a word has more than ${shellLimits.wordParts} parts`);
  return [{ ...EMPTY, pieces: [UNKNOWN], splits: true }];
}

function append(heads: readonly Draft[], tails: readonly Draft[], scope: Scope): readonly Draft[] {
  if (heads.length * tails.length > shellLimits.braceWords) {
    scope.opaque('limit', `braces make more than ${shellLimits.braceWords} words`);
    return [{ ...EMPTY, pieces: [UNKNOWN], splits: true }];
  }
  return heads.flatMap((h) =>
    tails.map((t) => {
      // A home directory in the middle of a word is just a value.
      const middle = t.home && (h.home || h.pieces.length > 0);
      return { pieces: [...h.pieces, ...(middle ? [UNKNOWN] : []), ...t.pieces], home: h.home || (t.home && !middle), splits: h.splits || t.splits, quoted: h.quoted || t.quoted };
    }),
  );
}

const one = (piece: Piece, more: Partial<Draft> = {}): readonly Draft[] => [{ ...EMPTY, pieces: [piece], ...more }];

function partDrafts(part: WordPart, first: boolean, alone: boolean, scope: Scope): readonly Draft[] {
  switch (part.type) {
    case 'Literal':
      return literal(part.text, part.value, first, alone, scope);
    case 'SingleQuoted':
      // fish reads \' inside single quotes as a quote.
      if (/(^|[^\\])(\\\\)*\\$/.test(part.value)) scope.opaque('parse', 'a backslash before a closing quote is read differently by other shells');
      return one(text(part.value), { quoted: true });
    case 'AnsiCQuoted':
      if (/\\'/.test(part.text)) scope.opaque('parse', "\\' inside $'...' is read differently by other shells");
      return one(text(part.value), { quoted: true });
    case 'LocaleString':
      scope.opaque('parse', '$"..." is read differently by other shells');
      return quoted(part.parts, scope);
    case 'DoubleQuoted':
      return quoted(part.parts, scope);
    case 'Glob':
      if (part.kind === 'bracket') walkInner(part, scope);
      return one({ kind: 'glob', text: part.kind === 'star' ? '*' : '?', ...(/^\[\w+\]$/.test(part.text) ? { noDash: true } : {}) }, { splits: true });
    case 'ExtendedGlob':
      scope.opaque('parse', 'extended patterns are read differently by other shells');
      walkInner(part, scope);
      return one({ kind: 'glob', text: '*' }, { splits: true });
    case 'BraceExpansion':
      return braces(part, scope);
    default:
      return expansion(part, false, scope);
  }
}

function literal(raw: string, value: string, first: boolean, alone: boolean, scope: Scope): readonly Draft[] {
  if (isOdd(value)) scope.opaque('parse', 'a control character or an unusual space outside quotes');
  if (!first || !raw.startsWith('~')) return one(text(value), { quoted: raw !== value });
  const prefix = /^~([^/\\:]*)(?=(\/|$))/.exec(raw);
  const ends = prefix !== null && (alone || prefix[0].length < raw.length);
  if (prefix === null || !ends || prefix[1] !== '') return [{ ...EMPTY, pieces: [UNKNOWN, text(value.slice(prefix?.[0].length ?? value.length))] }];
  return [{ ...EMPTY, home: true, pieces: [text(value.slice(1))] }];
}

function quoted(parts: readonly WordPart[], scope: Scope): readonly Draft[] {
  if (parts.length > shellLimits.wordParts) return tooMany(scope);
  let drafts: readonly Draft[] = [{ ...EMPTY, quoted: true }];
  for (const part of parts) {
    const tails = part.type === 'Literal' ? one(text(part.value)) : expansion(part, true, scope);
    drafts = append(drafts, tails.map((t) => ({ ...t, splits: false })), scope);
  }
  return drafts;
}

function braces(part: Extract<WordPart, { type: 'BraceExpansion' }>, scope: Scope): readonly Draft[] {
  const found = expandBraces(part.text);
  if (found === 'sequence') return one(PLAIN, { splits: true });
  if (found !== undefined) return found.map((t) => ({ ...EMPTY, pieces: [text(t)] }));
  walkInner(part, scope);
  return one(UNKNOWN, { splits: true });
}

function expansion(part: WordPart, inQuotes: boolean, scope: Scope): readonly Draft[] {
  const splits = !inQuotes;
  switch (part.type) {
    case 'SimpleExpansion':
      return parameter(part.text.slice(1), inQuotes, scope);
    case 'ParameterExpansion':
      return parameterExpansion(part, inQuotes, scope);
    case 'CommandExpansion':
      return part.script === undefined ? one(UNKNOWN, { splits }) : substituted(scope.substitution(part.script), splits);
    case 'ArithmeticExpansion':
      if (part.expression !== undefined) checkArithmetic(part.expression, scope);
      return one(PLAIN);
    case 'ProcessSubstitution':
      // What >( ) prints goes where the line prints.
      if (part.script !== undefined) scope.substitution(part.script, part.operator === '>');
      // /dev/fd/63
      return one(text('/dev/fd/63'));
    default:
      walkInner(part, scope);
      return one(UNKNOWN, { splits });
  }
}

function substituted(piece: Piece, splits: boolean): readonly Draft[] {
  return one(piece, { splits: splits && !(piece.kind === 'value' && piece.single === true) });
}

function parameter(name: string, inQuotes: boolean, scope: Scope): readonly Draft[] {
  const splits = !inQuotes;
  if (name === 'HOME' && !scope.isAssigned(name)) return [{ ...EMPTY, home: true }];
  if (PLAIN_PARAMETERS.has(name) && (/^\W$/.test(name) || !scope.isAssigned(name))) return one(PLAIN);
  if (scope.isNumber(name)) return one(PLAIN_WORD);
  const values = scope.values(name);
  if (values === undefined || values.length === 0) return one(scope.isUnset(name) ? UNSET : UNKNOWN, { splits });
  return values.map((v) => {
    const literalText = v.pieces.map((p) => (p.kind === 'text' ? p.text : '')).join('');
    // Unquoted, white space splits and wildcards match files; zsh does neither.
    if (splits && /[\s*?[\]\\]/.test(literalText)) return { ...EMPTY, pieces: [UNKNOWN], splits };
    return { ...EMPTY, pieces: v.pieces, home: v.home, splits: splits && v.pieces.some((p) => p.kind !== 'text'), quoted: inQuotes };
  });
}

function parameterExpansion(part: ParameterExpansionPart, inQuotes: boolean, scope: Scope): readonly Draft[] {
  walkInner(part, scope);
  const { operation, index, prefix } = part;
  if (index !== undefined && !/^(\d+|[@*])$/.test(index.value)) scope.opaque('eval', 'an index is computed at run time');
  if (prefix === '!') scope.opaque('eval', 'a variable is named by another one');
  if (operation?.type === 'Default' && operation.operator.includes('=')) scope.variableSet(part.parameter);
  if (operation?.type === 'Transform') scope.opaque('eval', 'a value is expanded again at run time');
  if (operation?.type === 'Slice' && ![operation.offset, operation.length].every((w) => w === undefined || /^\s*-?\d*$/.test(w.value))) scope.opaque('eval', 'an offset is computed at run time');
  if (prefix === '#' && operation === undefined) return one(PLAIN);
  if (prefix === undefined && operation === undefined && index === undefined) return parameter(part.parameter, inQuotes, scope);
  return one(UNKNOWN, { splits: !inQuotes });
}

/** Looks for substitutions below a node. */
export function walkInner(node: SyntaxNode, scope: Scope): void {
  forEachChild(node, (child) => {
    switch (child.type) {
      case 'CommandExpansion':
      case 'ProcessSubstitution':
      case 'ArithmeticCommandExpansion':
        if (child.script !== undefined) scope.substitution(child.script);
        return;
      case 'ArithmeticExpansion':
        if (child.expression !== undefined) checkArithmetic(child.expression, scope);
        return;
      case 'ParameterExpansion':
        parameterExpansion(child, true, scope);
        return;
      case 'AnsiCQuoted':
      case 'SingleQuoted':
      case 'LocaleString':
        partDrafts(child, false, false, scope);
        return;
      default:
        walkInner(child, scope);
    }
  });
}

/**
 * Bash evaluates the value of a variable in arithmetic as an expression, and an index in it may run commands:
 * `x='a[$(reboot)]'; echo $((x))`. So only numbers, and variables of the shell's own, are let through.
 */
export function checkArithmetic(e: ArithmeticExpression, scope: Scope): void {
  switch (e.type) {
    case 'ArithmeticBinary':
      // What an assignment replaces is not looked at.
      if (e.operator !== '=' || nameOf(e.left) === undefined) checkArithmetic(e.left, scope);
      checkArithmetic(e.right, scope);
      if (isAssignment(e.operator)) numberSet(e.left, scope);
      return;
    case 'ArithmeticUnary':
      return checkArithmetic(e.operand, scope);
    case 'ArithmeticTernary':
      for (const part of [e.test, e.consequent, e.alternate]) checkArithmetic(part, scope);
      return;
    case 'ArithmeticGroup':
      return checkArithmetic(e.expression, scope);
    case 'ArithmeticCommandExpansion':
      if (e.script !== undefined && isPlain(scope.substitution(e.script))) return;
      scope.opaque('eval', 'arithmetic on what a command prints');
      return;
    case 'ArithmeticWord':
      walkInner(e, scope);
      if (!isNumber(e.value.replace(/^\$\{?(\w+)\}?$/, '$1'), scope)) scope.opaque('eval', 'arithmetic on a value of run time, which may run commands');
  }
}

const isPlain = (piece: Piece): boolean => piece.kind === 'value' && piece.plain;

/** The variable that an expression is. */
export const nameOf = (e: ArithmeticExpression): string | undefined => (e.type === 'ArithmeticWord' && /^[A-Za-z_]\w*$/.test(e.value) ? e.value : undefined);

export const isAssignment = (operator: string): boolean => /^[-+*/%&|^<>]*=$/.test(operator) && !['==', '<=', '>='].includes(operator);

function numberSet(e: ArithmeticExpression, scope: Scope): void {
  const name = nameOf(e);
  if (name !== undefined) scope.numberSet(name);
}

function isNumber(word: string, scope: Scope): boolean {
  if (/^[0-9][0-9a-fA-FxX#]*$/.test(word) || word === '' || scope.isNumber(word)) return true;
  if (NUMBER_PARAMETERS.has(word) && !scope.isAssigned(word)) return true;
  const values = scope.values(word);
  return values !== undefined && values.length > 0 && values.every((v) => !v.home && v.pieces.every((p) => p.kind === 'text' && /^-?\d+$/.test(p.text)));
}

export const PLAIN_PIECE = PLAIN;
export const PLAIN_WORD_PIECE = PLAIN_WORD;
export const UNKNOWN_PIECE = UNKNOWN;
