/** Ways around the masks that somebody could try, or that a program takes by chance: each ended with the value in clear once, or could have. */
import { createHash, randomBytes } from 'node:crypto';
import headless from '@xterm/headless';
import { describe, expect, it } from 'vitest';
import { streamContext, streamPlan, streamValues, visible } from '../../../testing/stream-values.ts';
import { StreamMasker } from './index.ts';

const EMAIL = 'alice@example.com';
const CARD = '4111111111111111';
const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
const masker = (terminal?: { cols: number; rows: number }): StreamMasker => new StreamMasker({ plan: streamPlan, context: streamContext(), ...(terminal ? { terminal } : {}) });
const TERMINAL = { cols: 80, rows: 24 };

function through(pieces: readonly Uint8Array[], terminal?: { cols: number; rows: number }): Buffer {
  const m = masker(terminal);
  const out = pieces.map((p) => Buffer.from(m.write(p)));
  return Buffer.concat([...out, Buffer.from(m.flush())]);
}

/** What a terminal shows of it, all rows. */
async function screen(shown: Uint8Array): Promise<string> {
  const terminal = new headless.Terminal({ ...TERMINAL, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(shown, resolve));
  return Array.from({ length: terminal.buffer.active.length }, (_, y) => terminal.buffer.active.getLine(y)?.translateToString(true) ?? '').join('\n');
}

/** Neither on the screen nor in the characters, with a terminal or without, in one piece or in many. */
async function never(value: string, sent: string): Promise<void> {
  for (const terminal of [TERMINAL, undefined]) {
    for (const pieces of [[bytes(sent)], Array.from(bytes(sent), (b) => Buffer.from([b]))]) {
      const shown = through(pieces, terminal);
      expect(visible(shown.toString('utf8'))).not.toContain(value);
      expect(await screen(shown)).not.toContain(value);
    }
  }
}

const E = '\u001b';
describe('sequences that change nothing', () => {
  const nothing = [
    ['a private sequence', `${E}[?5C`], ['another', `${E}[>4;1m`], ['an intermediate', `${E}[1 q`], ['up and down', `${E}[A${E}[B`], ['down, and up again', `${E}[2B${E}[2A`],
    ['saved and restored', `${E}7${E}8`], ['saved, away, restored', `${E}[s${E}[10;10H${E}[u`], ['the history erased', `${E}[3J`], ['the rest of the line erased', `${E}[K`], ['cells taken out after it', `${E}[P`],
    ['cells put in and taken out', `${E}[2@${E}[2P`], ['cells blanked after it', `${E}[3X`], ['a character set', `${E}(E${E}(B`], ['a set that looks like CSI', `${E}([`], ['left and right', `${E}[3D${E}[3C`],
    ['a C1 control in UTF-8', '\u0080'], ['a zero-width space', '\u200b'], ['a combining joiner', '\u034f'], ['DEL', '\u007f'], ['a bell', '\u0007'], ['colours of 24 bits', `${E}[38;2;1;2;3m${E}[48:2::4:5:6m`],
  ] as const;
  it.each(nothing)('%s', async (_, sequence) => {
    for (const at of [1, 5, 6, 12]) await never(EMAIL, `: ${EMAIL.slice(0, at)}${sequence}${EMAIL.slice(at)} .\r\n`);
    await never(CARD, `: ${Array.from(CARD).join(sequence)} .\r\n`);
  });

  it('moves to where the cursor is', async () => {
    await never(EMAIL, `${E}[5;1Halice${E}[5;6H@example.com \r\n`);
    await never(EMAIL, `${E}[5;1Halice${E}[d${E}[5d@example.com \r\n`);
    await never(EMAIL, `${E}[24;1Halice${E}[B@example.com `);
    await never(EMAIL, `${E}[5;1Halice${E}[S${E}[T@example.com `);
  });
});

describe('a value that is put together on the screen', () => {
  it('from pieces, out of order, in one write', async () => {
    for (const sent of [
      `${E}[5;6H@example.com${E}[5;1Halice`,
      `${E}[5;1Halice${E}[9;1Hother text${E}[5;6H@example.com`,
      `${E}[5;1Halice\r\nnext row${E}[5;6H@example.com`,
      Array.from(EMAIL, (c, i) => `${E}[7;${i + 3}H${c}`).reverse().join(''),
      `alice__@example.com\r${E}[5C${E}[2P\r\n`,
      `alice.com\r${E}[5C${E}[8@@example\r\n`,
    ]) {
      expect(await screen(through([bytes(sent)], TERMINAL)), JSON.stringify(sent)).not.toContain(EMAIL);
    }
  });

  it('by cells that a program leaves as they were', async () => {
    // What ConPTY and curses do: only what differs is written.
    const m = masker(TERMINAL);
    const out = [m.write(bytes(`${E}[5;1Halice#example#com${E}[9;1H`)), m.write(bytes(`${E}[5;6H@${E}[5;14H.${E}[9;1H`)), m.flush()].map((b) => Buffer.from(b));
    expect(await screen(Buffer.concat(out))).not.toContain(EMAIL);
  });

  it.each(['[1;24r', '[r', '[2;20r', '[?25h'])('in two pieces with a pause and %s between', async (sequence) => {
    const m = masker(TERMINAL);
    const out = [m.write(bytes(`${E}[20;1Hpaid with 4111 1111 11`)), m.flush(), m.write(bytes(`${E}${sequence}${E}[20;23H11 1111  ok\r\n`)), m.flush()].map((b) => Buffer.from(b));
    expect(await screen(Buffer.concat(out))).not.toContain('4111 1111 1111 1111');
  });

  it('by a sequence that repeats the last character', async () => {
    await never(CARD, `41${E}[14b \r\n`);
    await never(CARD, `${E}[3;1Hcard 4${E}[31m1${E}[14b done`);
    expect(through([bytes(`a${E}[20b 41${E}[14b.\r\n`)], TERMINAL).toString()).toBe(`a${E}[20b ************1111.\r\n`);
  });

  it('over rows that a program breaks itself', async () => {
    const row = 'x'.repeat(72);
    const shown = through([bytes(`${E}[2;1H${row}${EMAIL.slice(0, 8)}${E}[3;1H${EMAIL.slice(8)} tail${E}[10;1H`)], TERMINAL);
    expect((await screen(shown)).replaceAll('\n', '')).not.toContain(EMAIL);
  });
});

describe('letters in bold as printers made them', () => {
  it('are masked in all their strokes', () => {
    for (const terminal of [TERMINAL, undefined]) {
      const shown = through([bytes(`NAME ${Array.from(EMAIL, (c) => `${c}\b${c}`).join('')} end\n`)], terminal).toString();
      expect(shown).not.toMatch(/[xmp]/);
      const under = through([bytes(`see ${Array.from(EMAIL, (c) => `_\b${c}`).join('')} end\n`)], terminal).toString();
      expect(under.split('_\b').join('')).not.toContain(EMAIL);
    }
  });
});

describe('what is put on the clipboard', () => {
  it('is masked in its base64, cut anywhere; what is no value stays', () => {
    for (const before of ['', 'x', 'xy', 'line one\nthe mail: ']) {
      const sent = bytes(`ok ${E}]52;c;${Buffer.from(`${before} ${EMAIL} and ${CARD} end`).toString('base64')}${E}\\ done\r\n`);
      for (const pieces of [[sent], Array.from(sent, (b) => Buffer.from([b])), [sent.subarray(0, 31), sent.subarray(31)]]) {
        const shown = through(pieces, TERMINAL).toString();
        const copied = Buffer.from(new RegExp(`52;c;([^${E}]*)`).exec(shown)?.[1] ?? '', 'base64').toString();
        expect(copied).not.toContain(EMAIL);
        expect(copied).toMatch(/\* and \*{12}1111 end$/);
        expect(copied.startsWith(before.split('\n')[0] ?? '')).toBe(true);
        expect(shown.startsWith('ok ') && shown.endsWith('done\r\n')).toBe(true);
      }
    }
    const harmless = bytes(`${E}]52;c;${randomBytes(3000).toString('base64')}\u0007`);
    expect(through([harmless], TERMINAL).equals(harmless)).toBe(true);
  });
});

describe('in time', () => {
  it('the size of the window changes in the middle', () => {
    const m = masker(TERMINAL);
    let shown = '';
    for (const [i, c] of Array.from(`to ${EMAIL} `).entries()) {
      shown += Buffer.from(m.write(bytes(c))).toString();
      m.resize(70 + (i % 20), 24);
    }
    expect(shown).toBe(`to ${'*'.repeat(EMAIL.length)} `);
  });

  it('keys are pressed while a value is shown', () => {
    const m = masker(TERMINAL);
    let shown = '';
    for (const c of Array.from(`to ${EMAIL} `)) {
      m.typed(bytes(c));
      shown += Buffer.from(m.write(bytes(`${c}.`.slice(0, 1)))).toString();
      m.typed(bytes('zzzz'));
    }
    expect(shown).not.toContain(EMAIL);
    const ahead = masker(TERMINAL);
    ahead.typed(bytes('a'));
    expect(Buffer.from(ahead.write(bytes('alice@exam'))).toString()).toBe('');
    expect(Buffer.from(ahead.write(bytes('ple.com '))).toString()).toBe(`${'*'.repeat(EMAIL.length)} `);
    const waiting = masker(TERMINAL);
    waiting.write(bytes('alice'));
    waiting.typed(bytes('@'));
    expect(Buffer.from(waiting.write(bytes('@'))).toString()).toBe('');
  });
});

describe('without a terminal: text that looks like binary data', () => {
  const emails = Array.from({ length: 200 }, (_, i) => `a${i}@ex.org`);
  it.each([['NULs', '\0'], ['record separators', '\u001e'], ['FIX separators', '\u0001'], ['units', '\u001f']])('values that %s end', (_, end) => {
    const shown = through([bytes(emails.join(end) + end)]).toString();
    for (const value of emails) expect(shown).not.toContain(value);
    expect(shown.split(end)).toHaveLength(emails.length + 1);
  });

  it('UTF-16', () => {
    for (const swap of [false, true]) {
      const text = Buffer.from(`row: ${EMAIL}, ${CARD}\r\n`.repeat(50), 'utf16le');
      const shown = through([swap ? Buffer.from(text).swap16() : text]).toString('latin1').replaceAll('\0', '');
      expect(shown).not.toContain(EMAIL);
      expect(shown).not.toContain(CARD);
    }
  });

  it('text in a one-byte encoding of another script', () => {
    const line = Buffer.concat([Buffer.from(Array.from({ length: 60 }, (_, i) => 0xc0 + (i % 64))), bytes(` ${EMAIL}\n`)]);
    expect(through([Buffer.concat(Array.from({ length: 100 }, () => line))]).toString('latin1')).not.toContain(EMAIL);
  });

  it('text before an image, and after an archive that a script carries', () => {
    const image = randomBytes(3000);
    const shown = through([Buffer.concat([bytes(`the mail: ${EMAIL}\n`.repeat(20)), image])]);
    expect(shown.toString('latin1')).not.toContain(EMAIL);
    expect(shown.subarray(-image.length).equals(image)).toBe(true);
    const script = Buffer.concat([bytes('#!/bin/sh\nexit\n'.repeat(40)), image, bytes(`${'plain text, line by line\n'.repeat(100)}${EMAIL}\n`)]);
    expect(through([script]).toString('latin1')).not.toContain(EMAIL);
  });
});

describe('without a terminal: binary data is not altered', () => {
  const hash = (b: Uint8Array): string => createHash('sha256').update(b).digest('hex');
  const nuls = (n: number): Buffer => Buffer.alloc(n);
  const text = bytes(`${'a line of text\n'.repeat(2000)}${EMAIL} ${CARD}\n${'more text\n'.repeat(2000)}`);
  const header = Buffer.concat([bytes('./notes.txt'), nuls(89), bytes('0000644\0' + '0000000\0'.repeat(2)), nuls(12), bytes('00000000000\0'), nuls(100), bytes('ustar\0'), nuls(249)]);
  it.each([
    ['an archive with text in it', Buffer.concat([header, text, nuls(2048)])],
    ['a program with strings in it', Buffer.concat([bytes('\u007fELF\u0002\u0001\u0001'), nuls(9), randomBytes(30), nuls(300), randomBytes(200), bytes(`curve25519-sha256@libssh.org\0${EMAIL}\0`.repeat(300))])],
    ['a database', Buffer.concat([bytes('SQLite format 3\0'), Buffer.from([16, 0, 1, 1, 0, 64, 32, 32]), nuls(500), text])],
    ['a document', Buffer.concat([Buffer.from('%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n', 'latin1'), bytes(`1 0 obj << /URI (mailto:${EMAIL}) >>\n`.repeat(50)), randomBytes(5000)])],
    ['compressed data', Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), randomBytes(300_000), bytes(EMAIL), randomBytes(5000)])],
    ['random data', randomBytes(600_000)],
  ])('%s', (name, data) => {
    for (const size of [1, 37, 512, 4096, 32_768, data.length]) {
      // A document's first line has to come in one piece.
      if (data.length / size > 12_000 || (name === 'a document' && size < 32)) continue;
      const pieces = [];
      for (let at = 0; at < data.length; at += size) pieces.push(data.subarray(at, at + size));
      expect(hash(through(pieces)), `in pieces of ${size}`).toBe(hash(data));
    }
  });
});

it('values of every kind, written byte by byte, wait until they are known', () => {
  for (const [name, value] of Object.entries(streamValues)) {
    const m = masker(TERMINAL);
    let shown = '';
    for (const b of bytes(`: ${value} .\r\n`)) shown += Buffer.from(m.write(Buffer.from([b]))).toString('latin1');
    expect(shown, name).not.toContain(Buffer.from(value).toString('latin1').slice(0, 5));
  }
});
