import { describe, expect, it } from 'vitest';
import { callChannel, eventChannel, ipcChannels, listenerName, rows, slices, workbenchSlice } from './index.ts';
import { defaultSettings, settings } from './settings.ts';

describe('IPC contract', () => {
  it('has schemas for exactly the calls and events that the preload exposes', () => {
    const named = Object.entries(ipcChannels).map(([name, c]) => [name, [...c.calls].sort(), [...c.events].sort()]);
    const described = Object.entries(slices).map(([name, s]) => [name, Object.keys(s.calls).sort(), Object.keys(s.events).sort()]);
    expect(described).toEqual(named);
  });

  it('never gives a call and an event the same channel', () => {
    const all = Object.entries(ipcChannels).flatMap(([slice, c]) => [...c.calls.map((n) => callChannel(slice, n)), ...c.events.map((n) => eventChannel(slice, n))]);
    expect(new Set(all).size).toBe(all.length);
    expect(all.every((channel) => channel.startsWith('sallyport:'))).toBe(true);
  });

  it('names listeners after their events', () => {
    expect(listenerName('statusChanged')).toBe('onStatusChanged');
  });

  it('accepts rows of strings and nulls only', () => {
    expect(rows.safeParse([['a', null], []]).success).toBe(true);
    for (const bad of [null, 'a', [1], [[1]], [['a', undefined]], [{ 0: 'a' }]]) expect(rows.safeParse(bad).success).toBe(false);
  });

  it('refuses SQL over the limit and unknown fields', () => {
    const request = workbenchSlice.calls.run.request;
    const ok = { tabId: 't1', sql: 'select 1', maxRows: 10 };
    expect(request.safeParse(ok).success).toBe(true);
    expect(request.safeParse({ ...ok, sql: 'x'.repeat(1024 * 1024 + 1) }).success).toBe(false);
    expect(request.safeParse({ ...ok, bypass: true }).success).toBe(false);
    expect(request.safeParse({ ...ok, tabId: '../x' }).success).toBe(false);
  });

  it('has defaults that its own schema accepts, and refuses other versions', () => {
    expect(settings.parse(defaultSettings)).toEqual(defaultSettings);
    expect(settings.safeParse({ ...defaultSettings, version: 3 }).success).toBe(false);
  });
});
