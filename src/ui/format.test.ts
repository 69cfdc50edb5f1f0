import { describe, expect, it } from 'vitest';
import { asSentence, clientText, formatAgo, formatBytes, formatClock, formatDuration, oneLine, plural, shortDigest } from './format.ts';

describe('format', () => {
  it('leaves out what all SSH clients say', () => expect(['SSH-2.0-OpenSSH_9.2p1 Debian-2', 'psql'].map(clientText)).toEqual(['OpenSSH_9.2p1 Debian-2', 'psql']));
  it('makes whole sentences of reasons', () => {
    expect(['drops wait', 'No. Ask ops', 'why?', ' x. ', ''].map(asSentence)).toEqual(['Drops wait.', 'No. Ask ops.', 'Why?', 'X.', '']);
  });
  it('leaves the name of a target as it is', () => {
    expect(asSentence('web1 (10.0.0.7:22) cannot be reached')).toBe('web1 (10.0.0.7:22) cannot be reached.');
  });
  it('shows sizes in 1024 steps', () => {
    expect([0, 1023, 1024, 1536, 5 * 1024 ** 3].map(formatBytes)).toEqual(['0 B', '1023 B', '1.0 KiB', '1.5 KiB', '5.0 GiB']);
  });
  it('shows durations with the precision that matters', () => {
    expect([0.44, 42.4, 1_250, 185_000, 7_800_000].map(formatDuration)).toEqual(['0.4 ms', '42 ms', '1.25 s', '3 min 05 s', '2 h 10 min']);
  });
  it('never counts below zero', () => {
    expect([-5_000, 7_900, 899_999, 3_723_000].map(formatClock)).toEqual(['0:00', '0:07', '14:59', '1:02:03']);
  });
  it('says how long ago', () => {
    expect(formatAgo(0, 59_000)).toBe('just now');
    expect(formatAgo(0, 3_600_000)).toBe('1 h ago');
    expect(formatAgo(10, 0)).toBe('just now');
  });
  it('shortens digests from both ends and leaves short ids whole', () => {
    expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('sha256:abababab…bababab');
    expect(shortDigest('dev_1')).toBe('dev_1');
  });
  it('puts SQL on one line', () => {
    expect(oneLine('SELECT  1,\n\t2  ')).toBe('SELECT 1, 2');
    expect(oneLine('abcdef', 4)).toBe('abc…');
  });
  it('counts words', () => {
    expect([plural(1, 'row'), plural(1_204, 'row'), plural(0, 'entry', 'entries')]).toEqual(['1 row', '1,204 rows', '0 entries']);
  });
});
