import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namedValues, starterClasses, streamContext, streamPlan, streamValues, visible } from '../../../testing/stream-values.ts';
import { bounds } from './bounds.ts';
import { StreamMasker } from './index.ts';

const masker = (cols?: number): StreamMasker => new StreamMasker({ plan: streamPlan, context: streamContext(), ...(cols === undefined ? {} : { terminal: { cols } }) });
const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

/** Writes the pieces; the stream ends after them. */
function through(pieces: readonly Uint8Array[], cols?: number, quiet = false): Buffer {
  const m = masker(cols);
  const out: Uint8Array[] = [];
  for (const piece of pieces) {
    out.push(Buffer.from(m.write(piece)));
    if (quiet) out.push(m.flush());
    expect(m.held).toBeLessThanOrEqual(bounds.heldBytes + 3);
  }
  out.push(m.flush());
  expect(m.held).toBe(0);
  return Buffer.concat(out);
}
const text = (pieces: readonly Uint8Array[], cols?: number): string => through(pieces, cols).toString('utf8');
const values = Object.entries(streamValues);

describe('a value in a stream', () => {
  it.each(values)('%s is masked in its own width, and nothing else changes', (_, value) => {
    for (const cols of [undefined, 80]) {
      const shown = text([bytes(`row 12 of 40: ${value} ok\r\n`)], cols);
      expect(shown).not.toContain(value);
      expect(shown).toHaveLength(`row 12 of 40: ${value} ok\r\n`.length);
      expect(shown.startsWith('row 12 of 40: ')).toBe(true);
      expect(shown.endsWith(' ok\r\n')).toBe(true);
    }
  });

  it.each(Object.entries(namedValues))('%s is masked, its name stays', (_, { before, value, after }) => {
    const shown = text([bytes(`${before}${value}${after}\n`)]);
    expect(shown).toBe(`${before}${'*'.repeat(value.length)}${after}\n`);
  });

  it('takes the kind of mask of its class', () => {
    expect(text([bytes(`${streamValues.card} ${streamValues['spaced card']} ${streamValues.phone}\n`)])).toBe('************1111 **** **** **** 4444 *** *** *****67\n');
    expect(text([bytes(`${streamValues.email}\n`)])).toMatch(/^msk_email_[bcdfghjkmnpqrtvw]{12}\*{12}\n$/);
    expect(text([bytes(`${streamValues['short email']}\n`)])).toBe('*********\n');
    expect(text([bytes(`${streamValues.iban}\n`)])).toBe('DE****************3000\n');
  });

  it('counts each value once, by class', () => {
    const m = masker(80);
    for (const byte of bytes(`${streamValues.email} and ${streamValues.card} and ${streamValues.email}\r\n`)) m.write(Buffer.from([byte]));
    m.flush();
    expect(Object.fromEntries(m.counts)).toEqual({ email: 2, card: 1 });
  });

  it('is shown where its class may be seen in clear', () => {
    const m = new StreamMasker({ plan: { ...streamPlan, unmasked: ['email'] }, context: streamContext() });
    expect(Buffer.from(m.write(bytes(`${streamValues.email} ${streamValues.card}\n`))).toString()).toBe(`${streamValues.email} ************1111\n`);
  });
});

describe('cut at every byte', () => {
  const lines = [...values.map(([, v]) => `id=7 ${v} end`), ...Object.values(namedValues).map((n) => n.before + n.value + n.after)];
  it.each([undefined, 80])('in two (width %s)', (cols) => {
    for (const line of lines) {
      const whole = bytes(`\u001b[1mtotal 4\u001b[0m\r\n${line}\r\n$ `);
      const expected = through([whole], cols);
      for (let i = 0; i <= whole.length; i++) expect(through([whole.subarray(0, i), whole.subarray(i)], cols).equals(expected), `${line} at ${i}`).toBe(true);
      expect(through(Array.from(whole, (b) => Buffer.from([b])), cols).equals(expected), `${line} byte by byte`).toBe(true);
    }
  });

  it('and a pause between: never shown whole', () => {
    for (const [name, value] of values) {
      const whole = bytes(`id=7 ${value} end\r\n`);
      for (let i = 0; i <= whole.length; i++) {
        const shown = through([whole.subarray(0, i), whole.subarray(i)], 80, true);
        expect(shown.includes(value), `${name} at ${i}`).toBe(false);
      }
    }
  });

  it('a value typed key by key loses its end, as soon as it is one', () => {
    expect(through(Array.from('echo bo@ex.org', (c) => bytes(c)), 80, true).toString()).toBe('echo bo@ex.o**');
  });
});

describe('between escape sequences', () => {
  const sgr = ['\u001b[31m', '\u001b[0;38;2;1;2;3m', '\u001b]8;;http://x/\u0007', '\u001b]0;title\u001b\\', '\u001b[?25l', '\u001b(B', '\u0007', '\u001bP1$r0m\u001b\\'];
  it.each(sgr.map((s) => [JSON.stringify(s), s]))('%s at every place, sequences kept', (_, sequence) => {
    for (const [name, value] of values) {
      const chars = Array.from(value);
      for (let i = 1; i < chars.length; i++) {
        const shown = text([bytes(`: ${chars.slice(0, i).join('')}${sequence}${chars.slice(i).join('')} .\r\n`)], 80);
        expect(visible(shown), `${name} at ${i}`).not.toContain(value);
        expect(shown.split(sequence)).toHaveLength(2);
      }
      const each = text([bytes(`: ${chars.join(sequence)} .\r\n`)], 80);
      expect(visible(each)).not.toContain(value);
      expect(each.split(sequence)).toHaveLength(chars.length);
    }
  });

  it('in the text of a control string', () => {
    expect(text([bytes(`\u001b]0;mail to ${streamValues['short email']}\u0007$ `)], 80)).toBe('\u001b]0;mail to *********\u0007$ ');
    expect(text([bytes('\u001b]0;mail to bo@'), bytes('ex.org\u0007$ ')], 80)).toBe('\u001b]0;mail to *********\u0007$ ');
  });

  it('with corrections, returns and moves within the line', () => {
    const seen = (s: string): string => visible(text([bytes(s)], 80));
    expect(seen('mail alicx\be@example.com\r\n')).not.toContain('e@example.com');
    expect(seen('10% bo@ex.org\r20% bo@ex.org\r30% bo@ex.org\r\n')).not.toContain('bo@ex.org');
    expect(seen('bo@\u001b[1C\u001b[1Dex.org\r\n')).not.toContain('ex.org');
    expect(seen('xx@ex.org\rbo\r\n')).not.toContain('ex.org');
    // Held until the line is decided, the whole value is masked; what was shown before cannot be taken back.
    expect(seen('   ex.org\rbo@\r\n')).toBe('   *********');
    expect(visible(through([bytes('   ex.org\r'), bytes('bo@\r\n')], 80).toString())).toBe('   ex.org***');
  });
});

describe('wrapped', () => {
  it('at every width from 20 to 120, by the terminal and by hard breaks', () => {
    // Every width for some values, every value for some widths.
    for (let cols = 20; cols <= 120; cols++) {
      for (const [n, [name, value]] of values.entries()) {
        if (/[^ -~]/.test(value) || (n + cols) % 4 !== 0) continue;
        for (const lead of [3, 11]) {
          const line = `${'x'.repeat(cols - lead)} ${value} tail`;
          expect(visible(text([bytes(`${line}\r\n`)], cols)), `${name}, ${cols} columns`).not.toContain(value);
          const rows = line.match(new RegExp(`.{1,${cols}}`, 'g')) ?? [];
          for (const wrap of ['\r\n', ' \r']) {
            const shown = text([bytes(`${rows.join(wrap)}\r\n`)], cols);
            expect(visible(shown).replaceAll(' ', ''), `${name}, ${cols} columns, ${JSON.stringify(wrap)}`).not.toContain(value.replaceAll(' ', ''));
          }
        }
      }
    }
  });

  it('a full row and another value below it are both masked', () => {
    const row = `${'x'.repeat(13)} ${streamValues.card}`.slice(0, 30).padStart(30);
    const shown = text([bytes(`${row}\r\n2026 next\r\n`)], 30);
    expect(shown).not.toContain(streamValues.card);
    expect(shown).toContain('2026 next');
  });

  it('a width of 0 is a width that is not known', () => {
    expect(text([bytes(`${streamValues.email}\r\n`)], 0)).toMatch(/^msk_email/);
  });
});

describe('a private key', () => {
  const body = Array.from({ length: 12 }, () => randomBytes(48).toString('base64'));
  const pem = ['-----BEGIN OPENSSH PRIVATE KEY-----', ...body, 'c2hvcnQ=', '-----END OPENSSH PRIVATE KEY-----'];
  it.each(['\n', '\r\n'])('is masked over all its lines, cut anywhere', (nl) => {
    const whole = bytes(`before\n${pem.join(nl)}${nl}after: 1${nl}$ `);
    const expected = through([whole], 80).toString();
    for (const line of pem) expect(expected).not.toContain(line);
    expect(expected).toMatch(/^before\n/);
    expect(expected).toContain(`after: 1${nl}$ `);
    for (let i = 0; i < whole.length; i += 31) {
      expect(through([whole.subarray(0, i), whole.subarray(i)], 80).toString()).toBe(expected);
      for (const line of body) expect(through([whole.subarray(0, i), whole.subarray(i)], 80, true).toString()).not.toContain(line);
    }
  });

  it('in one column leaves the values of the others masked', () => {
    const shown = text([bytes(pem.map((line, i) => `${values[i % values.length]?.[1] ?? ''} end\t${line}\n`).join(''))]);
    for (const [, value] of values.slice(0, pem.length)) expect(shown).not.toContain(value);
    for (const line of body) expect(shown).not.toContain(line);
  });

  it('that is cut off ends where text begins', () => {
    expect(text([bytes(`${pem.slice(0, 3).join('\n')}\ntotal 8 files in here\nplain\n`)])).toContain('total 8 files in here\nplain\n');
  });
});

describe('what does not wait', () => {
  it('output that ends with a blank, a move or a line break', () => {
    for (const end of ['alice@web1:~$ ', 'done\r\n', '45%\r', '\u001b[2;5H', 'total\u001b[K\b', '> ']) {
      const m = masker(80);
      expect(Buffer.from(m.write(bytes(`ok ${end}`))).toString()).toBe(`ok ${end}`);
    }
  });

  it('the echo of what was typed, whatever it is', () => {
    const m = masker(80);
    for (const key of Array.from('ssh web1 4111 ghp_')) {
      m.typed(bytes(key));
      expect(Buffer.from(m.write(bytes(key))).toString()).toBe(key);
    }
  });

  it('other output whose end may become a value waits, and only that', () => {
    const m = masker(80);
    expect(Buffer.from(m.write(bytes('the mail of ali'))).toString()).toBe('the mail of ');
    expect(m.held).toBe(3);
    expect(Buffer.from(m.flush()).toString()).toBe('ali');
    expect(Buffer.from(m.write(bytes('ce@example.com '))).toString()).toBe('************** ');
  });
});

describe('bytes that are no text', () => {
  it('invalid UTF-8 between values passes, values do not', () => {
    const whole = Buffer.concat([Buffer.from([0xff, 0xfe, 0xc3, 0x28]), bytes(` ${streamValues.email} `), Buffer.from([0xe2, 0x82]), bytes(` ${streamValues.card} `), Buffer.from([0xf0, 0x9f, 0x98]), bytes('\r\n')]);
    for (const cols of [undefined, 80])
      for (let i = 0; i <= whole.length; i++) {
        const shown = through([whole.subarray(0, i), whole.subarray(i)], cols);
        expect(shown).toHaveLength(whole.length);
        expect(shown.toString('latin1')).not.toMatch(/alice|4111/);
        for (const at of [0, 1, 2, 3]) expect(shown[at]).toBe(whole[at]);
      }
  });

  it('Latin-1 text is masked, too', () => {
    const shown = through([Buffer.from('from j\u00f6rg@example.com to\r\n', 'latin1')], 80);
    expect(shown.toString('latin1')).toBe('from **************** to\r\n');
  });

  it('binary data comes out identical, and text after it is masked again', () => {
    const m = masker();
    // As good as random, and the same in each run: how soon it is known for what it is depends on it.
    const data = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(4 * 1024 * 1024));
    // What begins as text may become text again.
    const script = bytes('#!/bin/sh\n'.repeat(100));
    expect(Buffer.from(m.write(script)).equals(script)).toBe(true);
    const out = [];
    for (let at = 0; at < data.length; at += 32_768) out.push(Buffer.from(m.write(data.subarray(at, at + 32_768))));
    out.push(m.flush());
    const hash = (b: Buffer): string => createHash('sha256').update(b).digest('hex');
    expect(hash(Buffer.concat(out))).toBe(hash(data));
    expect(m.binaryBytes).toBeGreaterThan(data.length - 1024);
    m.write(bytes('plain text\n'.repeat(5000)));
    expect(Buffer.from(m.write(bytes(`${streamValues.card}\n`))).toString()).toBe('************1111\n');
  });

  it('a control string that binary data seemed to begin does not go on in the text after it', () => {
    const m = masker();
    m.write(bytes(`${'#!/bin/sh\n'.repeat(100)}\u001b]0;`));
    m.write(Buffer.alloc(65_536, Buffer.from([0, 1, 2, 0x90, 0xfe])));
    m.write(bytes('plain text\n'.repeat(5000)));
    expect(Buffer.from(m.write(bytes(`${streamValues.card}\n`))).toString()).toBe('************1111\n');
  });

  it('strings that a NUL ends are text', () => {
    expect(text([bytes('HOME=/root\0API_TOKEN=abcdefgh12345678\0LANG=C\0')])).toBe('HOME=/root\0API_TOKEN=****************\0LANG=C\0');
  });
});

describe('any text', () => {
  const noise = fc.oneof({ weight: 5, arbitrary: fc.string({ unit: fc.constantFrom(...Array.from('abc xyz.,;-\t()')), maxLength: 30 }) }, { weight: 1, arbitrary: fc.constantFrom('\u001b[1;32m', '\u001b[0m', '\r\n', 'größe', '日本', '\u001b]0;t\u0007', '=>', '\u001b[K') });
  it('with values in it, cut at random: no value comes out, the rest as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, fc.constantFrom(...values.map(([, v]) => v))), { minLength: 1, maxLength: 5 }), fc.array(fc.nat(60), { maxLength: 30 }), fc.constantFrom(undefined, 0, 40, 80), (parts, cuts, cols) => {
        // A bracket keeps neighbours from growing into the value.
        const whole = bytes(`${parts.map(([n, v]) => `${n} [| ${v} |] `).join('')}\r\n`);
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          pieces.push(whole.subarray(at, at + cut));
          at += cut;
        }
        pieces.push(whole.subarray(at));
        const shown = through(pieces, cols);
        for (const [, v] of parts) expect(visible(shown.toString('utf8'))).not.toContain(v);
        const rest = (b: string): string => b.replaceAll(/\[\|.*?\|\]/gs, '');
        expect(rest(shown.toString('utf8'))).toBe(rest(whole.toString('utf8')));
      }),
      { seed: 20261121, numRuns: Number(process.env.STREAM_MASK_RUNS ?? 400) },
    );
  });

  it('without detectors at work is not even looked at', () => {
    const m = new StreamMasker({ plan: { ...streamPlan, unmasked: starterClasses.map((c) => c.id) }, context: streamContext() });
    const piece = bytes(streamValues.email ?? '');
    expect(m.write(piece)).toBe(piece);
  });
});

describe('one line of ten megabytes', () => {
  it('is masked in little memory', () => {
    const m = masker(80);
    const filler = 'abcdefgh 12 '.repeat(1365);
    let shown = '';
    for (let i = 0; i < 640; i++) {
      const out = Buffer.from(m.write(bytes(`${filler}${i % 64 === 0 ? streamValues.card : ''}`))).toString();
      if (i % 64 === 0) shown += out.slice(-64);
      expect(m.held).toBeLessThanOrEqual(bounds.heldBytes);
    }
    shown += Buffer.from(m.flush()).toString();
    expect(m.counts.get('card')).toBe(10);
    expect(shown).not.toContain(streamValues.card);
  });

  it('a secret that does not end is masked to its end', () => {
    const m = masker();
    let shown = '';
    for (let i = 0; i < 400; i++) shown += Buffer.from(m.write(bytes(i === 0 ? 'eyJhbGciOiJIUzI1NiJ9.' : 'QUJDRUZH'.repeat(16)))).toString();
    shown += Buffer.from(m.write(bytes(' end\n'))).toString();
    expect(shown).toMatch(/^\*+ end\n$/);
  });
});
