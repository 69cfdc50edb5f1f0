/** One cell: masked by a column's rule, or looked at by detectors, in its type's wire form. */
import { card } from './detect/checksums.ts';
import { type NameHints } from './detect/ids.ts';
import { mapArray } from './array.ts';
import type { ActiveDetectors } from './detectors.ts';
import { maskJson } from './json.ts';
import { oid, type MaskForm, type ScanForm } from './pg-types.ts';
import { renderMask, type MaskSpec } from './render.ts';
import { cellSignals, decodeCell, firstSpec, maskFound, mayHoldInJson } from './text.ts';
import { isMaskToken } from './token.ts';

/** `cell: null` is SQL NULL. */
export interface MaskedCell {
  readonly cell: Buffer | null;
  readonly classIds: readonly string[];
}

/** The mask of a cell whose column has a rule. Never the cell itself, unless it is a mask already. */
export function maskByRule(spec: MaskSpec, source: Buffer, start: number, end: number, typeOid: number | undefined, form: MaskForm): Buffer | null | undefined {
  if (spec.kind === 'null') return null;
  if (form === 'text') return textByRule(spec, source, start, typeOid === oid.bpchar ? unpaddedEnd(source, start, end) : end);
  const cell = source.subarray(start, end);
  switch (form) {
    case 'json':
      return jsonMask(spec, decodeCell(cell).text);
    case 'jsonb': {
      const mask = jsonMask(spec, decodeCell(cell.subarray(1)).text);
      return mask === null ? null : Buffer.concat([Buffer.from([1]), mask]);
    }
    case 'uuid':
      return uuidMask(spec, cell);
    case 'text_array':
    case 'json_array': {
      const wrap = (value: string): string | null => {
        const mask = renderMask(spec, value);
        return form === 'json_array' ? JSON.stringify(mask) : mask;
      };
      const masked = mapArray(decodeCell(cell).text, wrap);
      return masked === undefined ? null : Buffer.from(masked, 'latin1');
    }
    case 'null':
      return null;
  }
}

function textByRule(spec: MaskSpec, source: Buffer, start: number, end: number): Buffer | null | undefined {
  if (source[start] === 0x6d && isMaskToken(source.toString('latin1', start, end))) return undefined;
  if (spec.kind === 'token') return spec.tokens.token(source, start, end);
  const mask = renderMask(spec, decodeCell(source.subarray(start, end)).text);
  return mask === null ? null : Buffer.from(mask, 'latin1');
}

/** Where the value ends: bpchar is padded with blanks that are no part of it. */
function unpaddedEnd(source: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && source[at - 1] === 0x20) at--;
  return at;
}

function jsonMask(spec: MaskSpec, text: string): Buffer | null {
  // A JSON string has the same token as the same text in a text column.
  const value = /^"[^"\\]*"$/.test(text) ? text.slice(1, -1) : text;
  const mask = renderMask(spec, value);
  return mask === null ? null : Buffer.from(JSON.stringify(mask), 'latin1');
}

/** A uuid that says "mask" in its first bytes; only `token` tells different values apart. */
function uuidMask(spec: MaskSpec, cell: Buffer): Buffer | null {
  const binary = cell.length === 16;
  const value = binary ? cell : Buffer.from(cell.toString('latin1').replaceAll(/[^0-9a-f]/gi, ''), 'hex');
  if (value.length !== 16) return null;
  const mask = spec.kind === 'token' ? spec.tokens.uuid(value) : Buffer.from('6d736b5f000080008000000000000000', 'hex');
  if (binary) return mask;
  const hex = mask.toString('hex');
  return Buffer.from(`${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`, 'latin1');
}

/** The cell with what detectors found replaced, or undefined when they found nothing. */
export function maskByDetectors(cell: Buffer, form: ScanForm, active: ActiveDetectors, hints: NameHints): MaskedCell | undefined {
  const named = hints.password || hints.secret;
  switch (form) {
    case 'skip':
      return undefined;
    case 'text': {
      const signals = cellSignals(cell, active, hints);
      if (signals === 0 && !named) return undefined;
      const { text, encoding } = decodeCell(cell);
      const masked = maskFound(text, active, hints, signals);
      return masked && { cell: masked.text === null ? null : Buffer.from(masked.text, encoding), classIds: masked.classIds };
    }
    case 'json':
    case 'jsonb': {
      const body = form === 'jsonb' ? cell.subarray(1) : cell;
      if (!named && !mayHoldInJson(body, active, hints)) return undefined;
      const { text, encoding } = decodeCell(body);
      const masked = maskJson(text, active, hints);
      return masked && { cell: Buffer.concat([cell.subarray(0, form === 'jsonb' ? 1 : 0), Buffer.from(masked.text, encoding)]), classIds: masked.classIds };
    }
    case 'number_text':
      return numberCell(cell.toString('latin1'), active);
    case 'int8':
      return cell.length === 8 ? numberCell(cell.readBigInt64BE().toString(), active) : undefined;
    case 'numeric':
      return numberCell(numericText(cell), active);
    case 'bytea_text':
      return wholeCell(byteaBytes(cell), active, hints);
    case 'opaque':
    case 'inet':
      return wholeCell(cell, active, hints);
  }
}

/** Types whose mask cannot be written: the cell becomes NULL when anything is found in it. */
function wholeCell(bytes: Buffer, active: ActiveDetectors, hints: NameHints): MaskedCell | undefined {
  if (cellSignals(bytes, active, hints) === 0) return undefined;
  const spec = firstSpec(decodeCell(bytes).text, active, hints) ?? firstSpec(bytes.toString('latin1'), active, hints);
  return spec && { cell: null, classIds: [spec.classId] };
}

/** Digits of the shortest and the longest payment card number (ISO/IEC 7812-1). */
const CARD_DIGITS = { least: 13, most: 19 } as const;

/**
 * True when `source[start, end)` has no run of digits as long as a card's number, but for digits behind a decimal point:
 * one average in fifty would pass for a card.
 */
export function holdsNoCard(source: Uint8Array, start: number, end: number): boolean {
  let run = 0;
  for (let i = start; i <= end; i++) {
    const byte = i < end ? (source[i] ?? 0) : 0;
    if (byte >= 0x30 && byte <= 0x39) run++;
    else {
      const isFraction = i - run > start && source[i - run - 1] === 0x2e;
      if (run >= CARD_DIGITS.least && run <= CARD_DIGITS.most && !isFraction) return false;
      run = 0;
    }
  }
  return true;
}

/** Numbers can hold payment cards only: other ids are too short to be told from numbers. */
function numberCell(text: string, active: ActiveDetectors): MaskedCell | undefined {
  const spec = active.specs.get('card');
  if (spec === undefined || text.length < CARD_DIGITS.least) return undefined;
  const found = Array.from(text.matchAll(/(?<![.0-9])[0-9]{13,}/g)).some((m) => card(m[0]));
  return found ? { cell: null, classIds: [spec.classId] } : undefined;
}

/** numeric_send: digit count, weight, sign, scale, then base-10000 digits, all int16. The integer part only. */
function numericText(cell: Buffer): string {
  if (cell.length < 8 || cell.length % 2 !== 0) return '';
  const weight = cell.readInt16BE(2);
  if (weight < 3 || weight > 4) return '';
  let out = '';
  for (let i = 0; i <= weight; i++) out += (8 + i * 2 + 1 < cell.length ? cell.readInt16BE(8 + i * 2) : 0).toString().padStart(4, '0');
  return out.replace(/^0+/, '');
}

/** `\x` and hexadecimal digits, or the old escape format, which is mostly readable as it is. */
function byteaBytes(cell: Buffer): Buffer {
  return cell.length > 2 && cell[0] === 0x5c && cell[1] === 0x78 ? Buffer.from(cell.toString('latin1', 2), 'hex') : cell;
}
