/** A place in the order newest first. It names a row, not a number of rows, so it stays good while new ones come in. */
import { z } from 'zod';
import { nodeSha256Hex } from '../../evidence/node-crypto.ts';
import { StoreError } from '../http/errors.ts';

/** A row's place: time, session, record. */
export interface Place {
  readonly atMs: number;
  readonly sid: number;
  readonly n: number;
}

const int = z.number().int().min(0);
const parts = z.tuple([int, int, int, z.string()]);

/** @param filters what the place belongs to: a cursor is of no use with other ones */
export const cursorOf = (place: Place, filters: unknown): string => Buffer.from(JSON.stringify([place.atMs, place.sid, place.n, mark(filters)])).toString('base64url');

/** @throws StoreError bad_request */
export function parseCursor(text: string, filters: unknown): Place {
  const read = parts.safeParse(jsonOf(text));
  if (!read.success) throw new StoreError('bad_request', 'the cursor is not one of ours');
  const [atMs, sid, n, made] = read.data;
  if (made !== mark(filters)) throw new StoreError('bad_request', 'the cursor belongs to another search');
  return { atMs, sid, n };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

const mark = (filters: unknown): string => nodeSha256Hex(JSON.stringify(filters)).slice(0, 12);
