import { describe, expect, it } from 'vitest';
import { asLines, foldTrail, partOf, sessionOf, type TrailEntry } from './fold.ts';

const session = '019a8a3e-7c11-7d2e-9b52-8b7f6f0f2a11';
let id = 1_000;
const entry = (t_ms: number, action: string, object: string, sub = 'ann', outcome: 'ok' | 'refused' = 'ok'): TrailEntry => ({ id: id--, t_ms, iss: 'idp', sub, device_id: '', address: '::1', action, object, outcome, detail: '' });

describe('the trail', () => {
  const entries = [
    entry(900, 'recording.export', session),
    entry(850, 'recording.show', session, 'bob'),
    entry(800, 'recording.download', `${session}/final.note`),
    entry(799, 'recording.download', `${session}/open.dsse.json`),
    entry(700, 'search', 'recordings'),
    entry(600, 'recording.show', session, 'eve', 'refused'),
  ];
  it('says once what was done in one go, by its gravest part', () => {
    expect(foldTrail(entries).map((l) => [l.newest.sub, l.did, l.calls, l.fromMs])).toEqual([
      ['ann', 'exported a session', 3, 799],
      ['bob', 'opened a session', 1, 850],
      ['ann', 'searched', 1, 700],
      ['eve', 'opened a session', 1, 600],
    ]);
  });
  it('begins a new line after a pause', () => {
    expect(foldTrail([entry(2_000_000, 'recording.download', `${session}/a`), entry(1_000_000, 'recording.download', `${session}/a`)]).map((l) => l.did)).toEqual(['replayed a session', 'replayed a session']);
  });
  it('knows the session of a refused path, and the part of it', () => {
    expect(sessionOf(`/v1/recordings/${session}/summary`)).toBe(session);
    expect([partOf(`${session}/final.note`, session), partOf(session, session)]).toEqual(['final.note', '']);
  });
  it('is there entry by entry', () => expect(asLines(entries).length).toBe(entries.length));
});
