import { describe, expect, it } from 'vitest';
import { streamContext, streamPlan, streamValues } from '../../../testing/stream-values.ts';
import { HOLD_MS, MAX_HOLD_MS, MAX_PIPE_HOLD_MS, OutputGuard, PIPE_HOLD_MS, QUIET_MS, type Timers } from './output-guard.ts';
import { Screen } from './screen.ts';

/** Timers that go off when the test says so. */
class FakeTimers implements Timers {
  #now = 0;
  readonly #set = new Map<number, { ms: number; call: () => void }>();
  readonly #due = new Map<number, { at: number; call: () => void }>();
  set(call: () => void, ms: number): unknown {
    const handle = this.#set.size + 1;
    this.#set.set(handle, { ms, call });
    this.again(handle);
    return handle;
  }
  again(handle: unknown): void {
    const { ms = 0, call = () => undefined } = this.#set.get(Number(handle)) ?? {};
    this.#due.set(Number(handle), { at: this.#now + ms, call });
  }
  clear(handle: unknown): void {
    this.#due.delete(Number(handle));
  }
  pass(ms: number): void {
    this.#now += ms;
    for (const [id, { at, call }] of [...this.#due]) {
      if (at > this.#now) continue;
      this.#due.delete(id);
      call();
    }
  }
}

function guarded(terminal?: { cols: number; rows: number }, earlier = '') {
  const timers = new FakeTimers();
  const shown: Buffer[] = [];
  const exposed: string[] = [];
  const failures: unknown[] = [];
  const guard = new OutputGuard({ plan: streamPlan, masks: streamContext(), ...(terminal ? { terminal } : {}), emit: (b) => shown.push(b), exposed: (c) => exposed.push(...c), failed: (e) => failures.push(e), timers });
  const screen = new Screen(terminal?.cols ?? 80, terminal?.rows ?? 24);
  screen.feed(Buffer.from(earlier));
  return {
    guard,
    timers,
    exposed,
    failures,
    write: (text: string) => shown.push(guard.write(Buffer.from(text))),
    bytes: (bytes: Buffer) => shown.push(guard.write(bytes)),
    seen: () => Buffer.concat(shown).toString(),
    rows: () => {
      for (const b of shown) screen.feed(b);
      return Array.from({ length: screen.rows }, (_, y) => screen.text(screen.top + y, screen.top + y).text.trimEnd()).filter((t) => t !== '');
    },
    cursor: () => screen.cursor,
  };
}

describe('what is held', () => {
  it('is shown after a short quiet time', () => {
    const t = guarded({ cols: 80, rows: 24 });
    t.write('Name: ali');
    expect(t.seen()).toBe('Name: ');
    t.timers.pass(HOLD_MS - 1);
    expect(t.seen()).toBe('Name: ');
    t.timers.pass(1);
    expect(t.seen()).toBe('Name: ali');
  });

  it('is masked when its end comes in time, and in its rest when it comes late', () => {
    const t = guarded({ cols: 80, rows: 24 });
    t.write('to bo@');
    t.timers.pass(HOLD_MS - 1);
    t.write('ex.org ');
    expect(t.seen()).toBe('to ********* ');
    t.write('and bo@');
    t.timers.pass(HOLD_MS);
    t.write('ex.org ');
    expect(t.seen()).toBe('to ********* and bo@****** ');
  });

  it('does not wait for ever while more of it comes', () => {
    for (const [terminal, longest] of [[{ cols: 80, rows: 24 }, MAX_HOLD_MS], [undefined, MAX_PIPE_HOLD_MS]] as const) {
      const t = guarded(terminal);
      for (let ms = 0; ms < longest; ms += 20) {
        expect(t.seen()).toBe('');
        t.write('.');
        t.timers.pass(20);
      }
      expect(t.seen()).toBe('.'.repeat(longest / 20));
    }
  });

  it('is masked when it is written byte by byte, as programs without a buffer do', () => {
    for (const value of Object.values(streamValues)) {
      const t = guarded({ cols: 80, rows: 24 });
      for (const byte of Buffer.from(`: ${value} .\r\n`)) {
        t.bytes(Buffer.from([byte]));
        t.timers.pass(5);
      }
      expect(t.seen()).not.toContain(value.slice(0, 4));
    }
  });

  it('waits longer where there is no terminal', () => {
    const t = guarded();
    t.write('to bo@');
    t.timers.pass(PIPE_HOLD_MS - 1);
    t.write('ex.org ');
    expect(t.seen()).toBe('to ********* ');
  });
});

/** Two rows that are not next to each other, until the one between them is taken out: nothing of the value is new then. */
const apart = (row: number, end: string): string => `\u001b[${row};18Hbo@\u001b[${row + 1};1H--\u001b[${row + 2};1Hex.org\u001b[${row + 1};1H\u001b[M${end}`;

describe('a value painted out of order', () => {
  it('is painted over at a quiet moment, the cursor stays', () => {
    const t = guarded({ cols: 20, rows: 24 });
    t.write(`\u001b[2J${apart(5, '\u001b[10;3H')}`);
    expect(t.rows()).toEqual([`${' '.repeat(17)}bo@`, 'ex.org']);
    t.timers.pass(QUIET_MS);
    expect(t.rows()).toEqual([`${' '.repeat(17)}***`, '******']);
    expect(t.cursor()).toEqual({ x: 2, y: 9 });
    expect(t.exposed).toEqual(['email']);
    t.timers.pass(QUIET_MS);
    expect(t.exposed).toEqual(['email']);
  });

  it('over two rows, in insert mode, with the cursor after the last column', () => {
    const t = guarded({ cols: 20, rows: 5 });
    t.write(`\u001b[4h\u001b[4;1H1111\u001b[3;1H--\u001b[2;9H4111\u001b[2;13H1111\u001b[2;17H1111\u001b[3;1H\u001b[M\u001b[1;20Hx`);
    t.timers.pass(HOLD_MS);
    t.timers.pass(QUIET_MS);
    expect(t.rows()).toEqual([`${' '.repeat(19)}x`, `${' '.repeat(8)}************`, '****']);
    expect(t.cursor()).toEqual({ x: 20, y: 0 });
    expect(t.exposed).toEqual(['card']);
  });

  it('is painted over where it stands, on a terminal that was not empty before', () => {
    const t = guarded({ cols: 20, rows: 5 }, 'one\r\ntwo\r\nthree\r\nfour\r\n$ ssh host\r\n');
    t.write('\r\n\r\n--\r\nex.org\u001b[2A\u001b[18Gbo@\r\n\u001b[M\n$ ');
    t.timers.pass(HOLD_MS);
    t.timers.pass(QUIET_MS);
    expect(t.exposed).toEqual(['email']);
    expect(t.rows()).toEqual(['$ ssh host', `${' '.repeat(17)}***`, '******', '$']);
    expect(t.cursor().x).toBe(2);
  });

  it('is only noted where a part of the screen scrolls by itself', () => {
    const t = guarded({ cols: 20, rows: 8 });
    t.write('\r\n\r\n--\r\nex.org\u001b[2A\u001b[18Gbo@\r\n\u001b[M\u001b[5;8r');
    t.timers.pass(HOLD_MS);
    t.timers.pass(QUIET_MS);
    expect(t.exposed).toEqual(['email']);
    expect(t.rows()).toEqual([`${' '.repeat(17)}bo@`, 'ex.org']);
  });

  it('in a full-screen program, by its rows', () => {
    const t = guarded({ cols: 20, rows: 8 }, 'one\r\ntwo\r\nthree\r\n');
    t.write(`$ edit\r\n\u001b[?1049h${apart(5, '\u001b[3;8r')}`);
    t.timers.pass(HOLD_MS);
    t.timers.pass(QUIET_MS);
    expect(t.rows()).toEqual([`${' '.repeat(17)}***`, '******']);
  });

  it('is not painted into the middle of an escape sequence', () => {
    const t = guarded({ cols: 20, rows: 24 });
    t.write(apart(5, '\u001b[10'));
    t.timers.pass(HOLD_MS);
    t.timers.pass(QUIET_MS);
    expect(t.exposed).toEqual([]);
    t.write(';3H');
    t.timers.pass(QUIET_MS);
    expect(t.exposed).toEqual(['email']);
  });
});

describe('full-screen programs', () => {
  it('keep their layout: every row as wide as without masks', () => {
    const row = (i: number): string => `\u001b[${i};1H\u001b[7m${String(i).padStart(5)}\u001b[0m PID root 20 0 ${streamValues.email} 0,0 \u001b[32m${streamValues.card}\u001b[0m ok\u001b[K`;
    const t = guarded({ cols: 120, rows: 24 });
    t.write(`\u001b[?1049h\u001b[H\u001b[J${Array.from({ length: 20 }, (_, i) => row(i + 1)).join('')}\u001b[1;1H`);
    t.timers.pass(QUIET_MS);
    const rows = t.rows();
    expect(rows).toHaveLength(20);
    for (const shown of rows) {
      expect(shown).toHaveLength(6 + `PID root 20 0 ${streamValues.email} 0,0 ${streamValues.card} ok`.length);
      expect(shown).not.toContain(streamValues.email);
      expect(shown).not.toContain(streamValues.card);
    }
    expect(t.exposed).toEqual([]);
    expect(t.failures).toEqual([]);
  });
});
