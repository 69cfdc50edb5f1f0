/** Texts that are not read are texts in which nothing can be found. */
import { expect, it } from 'vitest';
import { streamContext, streamPlan } from '../../testing/stream-values.ts';
import { activeDetectors } from './detectors.ts';
import { hintsOf } from './detect/ids.ts';
import { cellSignals, maskFound, mayHoldInJson } from './text.ts';

const active = activeDetectors(streamPlan, streamContext());
const none = hintsOf('note');
const signals = (text: string, column = 'note'): number => cellSignals(Buffer.from(text), active, hintsOf(column));

it('dates, ids of rows and UUIDs are not read', () => {
  for (const text of ['2024-05-01 12:34:56.789012+00', '550e8400-e29b-41d4-a716-446655440000', '10.12.200.14', 'ORD-2024/17', 'order 123456 of batch 12 stored in 120 ms']) expect(signals(text), text).toBe(0);
});

it('what a number can be in is, and what a name makes one of', () => {
  for (const text of ['4111111111111111', '+49 170 1234567', 'tel 5551234', '536-22-8726', 'DE89370400440532013000']) expect(signals(text), text).not.toBe(0);
  expect(signals('5551234')).toBe(0);
  expect(signals('5551234', 'phone')).not.toBe(0);
  expect(maskFound('5551234', active, hintsOf('phone'))?.classIds).toEqual(['phone']);
});

it('a text says nothing about the one that was looked at before', () => {
  maskFound('x'.repeat(300), active, none);
  expect(maskFound('00408203E', active, none)?.classIds).toEqual(maskFound(' 00408203E', active, none)?.classIds);
});

it('JSON is read where a string, a number or a key may be something', () => {
  const may = (value: unknown): boolean => mayHoldInJson(Buffer.from(JSON.stringify(value)), active, none);
  expect(may({ id: 123_456, name: 'lorem ipsum', price: 12.5, at: '2024-05-01T12:34:56Z' })).toBe(false);
  expect(may({ id: 123_456, msisdn: 5_551_234 })).toBe(true);
  expect(may({ id: 4_111_111_111_111_111 })).toBe(true);
  expect(may({ note: 'a@example.com' })).toBe(true);
  expect(may({ data: 'YWxpY2VAZXhhbXBsZS5jb20=' })).toBe(true);
  expect(mayHoldInJson(Buffer.from('{"n":"4111\\/1111123456"}'), active, none)).toBe(true);
});
