/** Records of an SSH session as steps that a person reads. */
import { expect, it } from 'vitest';
import type { Json } from '../base/jcs.ts';
import type { ReadRecord } from '../evidence/read.ts';
import type { ClearValue } from '../evidence/record.ts';
import { eventText } from './event-text.ts';
import { reachedWords } from './recorded-ssh.ts';
import { TimelineBuilder } from './recorded-timeline.ts';
import { foldSteps, isNotable, type Step, stepHas } from './timeline.ts';

function record(n: number, channel: number, kind: string, clear: Record<string, ClearValue> = {}, fields: Record<string, Json> = {}, removed: string[] = []): ReadRecord {
  return { n, kind, t: 1_780_000_000_000 + n * 100, m: n, channel, clear, fields, removed, line: n + 1 };
}

function stepsOf(records: readonly ReadRecord[]): readonly Step[] {
  const builder = new TimelineBuilder(() => undefined);
  for (const r of records) builder.add(r);
  return foldSteps(builder.records);
}

const words = (step: Step): string => (step.kind === 'request' ? `${step.requests.map((r) => `${r.verb} ${r.object}`.trim()).join('; ')} | ${step.outcome} | ${step.outcomes.map((o) => o.text).join('; ')}` : step.kind === 'event' ? eventText(step.record) : step.sql);

it('tells commands, files, forwards and refusals in plain words, each with its end', () => {
  const steps = stepsOf([
    record(0, 0, 'conn.open', {}, { application_name: 'OpenSSH' }),
    record(1, 1, 'ssh.exec', { dec: 'allow', pol: ['dev'] }, { command: 'make test' }),
    record(2, 1, 'ssh.output', { q: 1, fd: 1, bytes: 2 }, { data: 'ok' }),
    record(3, 2, 'ssh.sftp', { dec: 'allow', pol: [], op: 'lstat' }, { path: '/srv' }),
    record(4, 2, 'ssh.sftp', { dec: 'allow', pol: [], op: 'stat' }, { path: '/srv/app' }),
    record(5, 2, 'ssh.sftp', { dec: 'allow', pol: [], op: 'open_write' }, { path: '/srv/app.tar' }),
    record(6, 1, 'ssh.exit', { q: 1, status: 2, in: 0, out: 2, err: 0, hits: ['email:3'] }),
    record(7, 2, 'ssh.sftp.end', { q: 5, status: 0, read: 0, written: 2_048, written_sha256: 'cd'.repeat(32) }),
    record(8, 2, 'ssh.sftp', { dec: 'deny', pol: ['keys'], op: 'open_read' }, { path: '/root/.ssh/id', reason: 'keys stay' }),
    record(9, 2, 'policy.decision', { q: 8, dec: 'deny', pol: ['keys'], ref: 'x/8' }, { reason: 'keys stay' }),
    record(10, 3, 'ssh.forward', { dec: 'allow', pol: [], port: 5432 }, { host: 'db' }),
    record(11, 3, 'ssh.forward.end', { q: 10, sent: 1, received: 2 }),
    record(12, 4, 'policy.decision', { dec: 'deny' }, { request: 'X11 forwarding', reason: 'never' }),
    record(13, 1, 'mask.applied', { exposed: ['iban'] }),
  ]);
  expect(steps.map(words)).toEqual([
    'Session opened by OpenSSH',
    'Command make test | error | Exit status 2',
    'Look at /srv; Look at /srv/app | allow | ',
    'Write file /srv/app.tar | allow | Uploaded 2.0 KiB',
    'Read file /root/.ssh/id | deny | ',
    'Forward to db:5432 | allow | Closed',
    'Asked for X11 forwarding | deny | ',
    'A value of iban stood on the screen in clear for a moment',
  ]);
  expect(steps.map(isNotable)).toEqual([false, true, false, false, true, false, true, false]);
  const upload = steps[3];
  expect(upload?.kind === 'request' ? upload.outcomes[0]?.moved : undefined).toEqual([{ what: 'Uploaded', sizeBytes: 2_048, sha256: 'cd'.repeat(32) }]);
  expect(steps.filter((s) => stepHas(s, 'keys stay')).length).toBe(1);
  expect(steps.filter((s) => stepHas(s, 'cdcdcd')).length).toBe(1);
});

it('tells of listeners at the target and of the agent what they were asked for', () => {
  const records = [
    record(0, 0, 'ssh.forward', { dec: 'allow', pol: [], port: 0, dir: 'remote' }, { host: 'localhost' }),
    record(1, 0, 'ssh.forward.bound', { q: 0, port: 40_001 }),
    record(2, 1, 'ssh.forward.open', { q: 0, port: 50_000 }, { host: '127.0.0.1' }),
    record(3, 1, 'ssh.forward.end', { q: 2, sent: 1, received: 2 }),
    record(4, 0, 'ssh.forward.end', { q: 0, sent: 1, received: 2, connections: 1 }, { reason: 'cancelled' }),
    record(5, 2, 'ssh.agent', { dec: 'allow', pol: [] }),
    record(6, 3, 'ssh.agent.open', { q: 5 }),
    record(7, 3, 'ssh.agent.sign', { q: 6, for: 'sign-on', bytes: 200, flags: 0 }, { key: 'SHA256:abc', user: 'root' }),
    record(8, 3, 'ssh.agent.end', { q: 6, sent: 1, received: 2, signed: 1 }),
  ];
  expect(stepsOf(records).filter((s) => s.kind === 'request').map(words)).toEqual(['Remote forward localhost:0 | allow | Closed; Closed: cancelled', 'Agent forwarding | allow | ']);
  const notes = ['The target listens on port 40001', 'A connection from 127.0.0.1:50000 at the target', 'The target opens the agent', 'The agent is asked to sign: sign-on root with the key SHA256:abc', 'The agent is closed; signatures: 1'];
  expect(records.flatMap((r) => reachedWords(r) ?? [])).toEqual(notes);
  expect(notes.map((note) => stepsOf(records).filter((s) => stepHas(s, note.toLowerCase())).length)).toEqual([1, 1, 1, 1, 1]);
});

it('tells what was typed only where no line is decided on, and keys as signs', () => {
  const steps = stepsOf([
    record(0, 1, 'ssh.shell', { dec: 'allow', pol: [], pty: true, cols: 80, rows: 24 }),
    record(1, 1, 'ssh.pty.in', { bytes: 9 }, { data: '\u001b[Als\t\u007f\r' }),
    record(2, 1, 'ssh.pty.in', { bytes: 1 }, { data: 'x' }),
    record(3, 1, 'ssh.pty.in', { bytes: 5, hidden: 4 }, { data: '\r' }),
    record(4, 2, 'ssh.shell', { dec: 'allow', pol: [], pty: true, cols: 80, rows: 24 }),
    record(5, 2, 'ssh.exec', { dec: 'allow', pol: [], typed: true }, { command: 'whoami' }),
    record(6, 2, 'ssh.pty.in', { bytes: 7 }, { data: 'whoami\r' }),
    record(7, 1, 'ssh.exit', { q: 0, signal: 'HUP' }),
  ]);
  expect(steps.map(words)).toEqual(['Shell | allow | Ended by signal HUP', 'Typed: ↑ls⇥⌫⏎', 'Typed: x⏎ (4 characters not shown)', 'Shell | allow | ', 'Typed whoami | allow | ']);
});

it('tells a line that was typed key by key once, at its end, and each channel by itself', () => {
  const key = (n: number, channel: number, data: string): ReadRecord => record(n, channel, 'ssh.pty.in', { bytes: 1 }, { data });
  const steps = stepsOf([...['l', 's', '\r'].map((data, i) => key(2 * i, 1, data)), ...['i', 'd', '\r'].map((data, i) => key(2 * i + 1, 2, data)), key(8, 1, 'y'.repeat(2_000)), key(9, 1, '\r')].sort((a, b) => a.n - b.n));
  expect(steps.slice(0, 2).map(words)).toEqual(['Typed: ls⏎', 'Typed: id⏎']);
  expect(words(steps[2] ?? steps[0]!)).toMatch(/^Typed: …y{499,500}⏎$/);
  expect(steps).toHaveLength(3);
});

it('says what is missing, without inventing it', () => {
  const steps = stepsOf([record(0, 1, 'ssh.exec', { dec: 'allow', pol: [] }, {}, ['command'])]);
  expect(steps[0]).toMatchObject({ kind: 'request', requests: [{ object: '[content missing]' }], missing: [{ field: 'command' }] });
});
