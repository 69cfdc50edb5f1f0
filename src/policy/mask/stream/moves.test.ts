/** Values that come to stand together by moves, modes and scrolling, as the terminal that shows them has it. */
import headless from '@xterm/headless';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { streamContext, streamPlan, visible } from '../../../testing/stream-values.ts';
import { StreamMasker } from './index.ts';

const E = '\u001b';
const EMAIL = 'alice@example.com';
const [HEAD, TAIL] = [EMAIL.slice(0, 9), EMAIL.slice(9)];
const SIZE = { cols: 80, rows: 24 };
const masker = (): StreamMasker => new StreamMasker({ plan: streamPlan, context: streamContext(), terminal: SIZE });
const terminal = (): headless.Terminal => new headless.Terminal({ ...SIZE, allowProposedApi: true });
const write = (t: headless.Terminal, bytes: Uint8Array): Promise<void> => new Promise((resolve) => t.write(bytes, resolve));
const shows = (t: headless.Terminal): string => Array.from({ length: t.buffer.active.length }, (_, y) => t.buffer.active.getLine(y)?.translateToString(true) ?? '').join('\n');

const rows = (n: number): string => Array.from({ length: n }, (_, i) => `row ${i} of it\r\n`).join('');

/** The pieces come one by one, each after a pause. */
const CASES: readonly (readonly [string, ...string[]])[] = [
  ['an index in a region that scrolls', `${E}[2J${E}[5;10r${E}[10;1H${HEAD}\n${E}[9;10H${TAIL}`],
  ['an index in the last row', `${E}[2J${E}[24;1H${HEAD}${E}D${E}[23;10H${TAIL}`],
  ['a line end in the last row', `${E}[2J${E}[24;1H${HEAD}\r\n`, `${E}[23;10H${TAIL}`],
  ['a reverse index in the first row', `${E}[2J${E}[1;1H${HEAD}${E}M${E}[2;10H${TAIL}`],
  ['the screen scrolled up', `${E}[2J${E}[5;1H${HEAD}${E}[2S`, `${E}[3;10H${TAIL}`],
  ['rows put in', `${E}[2J${E}[5;1H${HEAD}${E}[3;1H${E}[L`, `${E}[6;10H${TAIL}`],
  ['rows taken out', `${E}[2J${E}[5;1H${HEAD}${E}[3;1H${E}[M`, `${E}[4;10H${TAIL}`],
  ['rows put in within a region', `${E}[2J${E}[5;1H${HEAD}`, `${E}[2;10r${E}[2;1H${E}[L${E}[r${E}[6;10H${TAIL}`],
  ['a region that scrolls elsewhere', `${E}[2J${E}[10;23r${E}[5;1H${HEAD}`, `${E}[S${E}[5;10H${TAIL}`],
  ['a pager that scrolls by one line', `${E}[2J${E}[24;1H:`, `\r${E}[K${HEAD}\r\n:`, `\r${E}[Kx\r\n:`, `${E}[22;10H${TAIL}`],
  ['characters that push others', `${E}[5;1H${TAIL}${E}[5;1H${E}[4h${HEAD}${E}[4l`],
  ['characters that push others, from the last', `${E}[4h${Array.from(EMAIL, (c) => `${c}\b`).reverse().join('')}${E}[4l`],
  ['rows counted from a region', `${E}[2J${E}[5;10r${E}[?6h${E}[1;1H${HEAD}${E}[?6l${E}[5;10H${TAIL}`],
  ['the other screen between, and back', `${E}[2J${E}[5;1H${HEAD}${E}[?1049h${E}[Hxx`, `${E}[?1049l${TAIL}`],
  ['the other screen between, and a place', `${E}[2J${E}[5;1H${HEAD}${E}[?47h`, `${E}[?47l${E}[5;10H${TAIL}`],
  ['a place kept by a mode', `${E}[5;1H${HEAD}${E}[?1048h${E}[9;1Hxx`, `${E}[?1048l${TAIL}`],
  ['what is below erased', `${E}[2J${E}[5;1H${HEAD}`, `${E}[9;1H${E}[J${E}[5;10H${TAIL}`],
  ['what is above erased', `${E}[2J${E}[15;1H${HEAD}`, `${E}[9;1H${E}[1J${E}[15;10H${TAIL}`],
  ['the row up to the cursor erased', `${E}[2J${E}[5;10H${TAIL}`, `${E}[5;5H${E}[1K${E}[5;1H${HEAD}`],
  ['a move beyond the last row', `${E}[2J${E}[5;1H${HEAD}${E}[99B${E}[19A${E}[10G${TAIL}`],
  ['a place beyond the last row', `${E}[2J${E}[99;1H${HEAD}${E}[24;10H${TAIL}`],
  ['line ends that return', `${E}[20h${E}[2m${HEAD}\n${E}[A${E}[9C${TAIL}`],
  ['rows counted back', `one\r\n${E}[1m${HEAD}\r\n`, `${E}[1mthree\r\n${E}[2A${E}[9C${TAIL}`],
  ['tab stops of its own', `${E}[3g${E}[5;10H${E}H\r\t${TAIL}`, `\r${HEAD}`],
  ['a plain row that passed', `one\r\n${HEAD}\r\nthree\r\n${E}[2A${E}[9C${TAIL}`],
  ['a plain row that passed long ago', `${HEAD}\r\n${rows(15)}`, `${E}[16A${E}[10G${TAIL}`],
  ['a plain row, in steps', `${HEAD}\r\nb\r\nc\r\n`, `${E}[A`, `${E}[2A`, `${E}[9C${TAIL}`],
  ['a plain row, by reverse indexes', `${HEAD}\r\nb\r\n`, `${E}M${E}M${E}[10G${TAIL}`],
  ['a plain row with the second half', `         ${TAIL}\r\nb\r\n`, `${E}[2A${HEAD}`],
  ['a plain row that lacks one character', `${EMAIL.replace('@', '#')}\r\nb\r\n`, `${E}[2A${E}[5C@`],
  ['a plain row that wraps', `${'x'.repeat(100)} ${HEAD}\r\nb\r\n`, `${E}[2A${E}[30C${TAIL}`],
  ['a plain row, by its number, once the screen is full', `${rows(40)}${HEAD}\r\nb\r\n`, `${E}[22;10H${TAIL}`],
  ['a row in colour, by its number, once the screen is full', `${rows(40).replaceAll('row', `${E}[1mrow`)}${HEAD}${E}[m\r\nb\r\n`, `${E}[22d${E}[10G${TAIL}`],
  ['a plain row that the screen was scrolled away from', `${rows(40)}${HEAD}\r\nb\r\n`, `${E}[T${E}[23;10H${TAIL}`],
  ['a plain row, the other screen between', `${rows(40)}${HEAD}\r\nb\r\n`, `${E}[?1049h${E}[Hxx${E}[?1049l`, `${E}[2A${E}[9C${TAIL}`],
  ['plain rows over what was there', `\r\n${E}[1m         ${TAIL}${E}[m\r\n${E}[2A`, `x\r\n${HEAD}\r\n`],
  ['cells taken out between the halves', `${E}[5;1H${HEAD}XX${TAIL}`, `${E}[5;10H${E}[2P`],
  ['cells taken out, the sequence in two', `${HEAD}__${TAIL}\r${E}[9C`, `${E}[2`, 'P'],
  ['cells taken out one by one, in insert mode', `${HEAD}__${TAIL}\r${E}[9C${E}[4h`, `${E}[P`, `${E}[P`],
  ['a place that was never kept', `${E}[2J${E}[1;1H${HEAD}${E}[5;1Hx`, `${E}8${E}[1;10H${TAIL}`],
  ['the other screen left twice', `${E}[2J${E}[1;1H${HEAD}${E}[5;1H${E}[?1049l`, `${E}[1;10H${TAIL}`],
  ['a reset, which moves it too', `${E}[5;1Hx${E}c${HEAD}`, `${E}[1;10H${TAIL}`],
  ['cells taken out in another row', `${E}[2J${E}[3;1H${HEAD} ${E}E`, `${E}[1P`, `${E}[1A${E}[10G${TAIL}`],
  ['another row erased', `${E}[2J${E}[3;1H${HEAD}${E}D${E}[2K`, `${E}[3;10H${TAIL}`],
  ['what is below another row erased', `${E}[2J${E}[5;1H${HEAD}${E}[B${E}[J`, `${E}[5;10H${TAIL}`],
  ['rows put in where nothing scrolls', `${E}[2J${E}[8;9r${E}[5;1H${HEAD}${E}[2L`, TAIL],
  ['a place that a reset forgot', `${E}[9;9H${E}7${E}c${E}[1;10H${TAIL}`, `${E}8${HEAD}`],
  ['a tab in the last column', `${E}[2J${E}[1;73H${E}[?7l${TAIL}\t`, `${E}[64G${HEAD}`],
  ['no wrapping', `${E}[?7l${E}[5;64H${EMAIL.slice(0, -1)}XYZ${EMAIL.slice(-1)}`],
];

it.each(CASES)('%s', async (_, ...pieces) => {
  const [m, client, clear] = [masker(), terminal(), terminal()];
  let raw = '';
  for (const piece of pieces) {
    await write(clear, Buffer.from(piece));
    for (const bytes of [m.write(Buffer.from(piece)), m.flush()]) {
      raw += Buffer.from(bytes).toString();
      await write(client, bytes);
      expect(shows(client)).not.toContain(EMAIL);
    }
  }
  expect(visible(raw)).not.toContain(EMAIL);
  // The terminal itself puts it together: the case is one.
  expect(shows(clear)).toContain(EMAIL);
});

it.each([
  ['the second first', `${E}[2J${E}[6;1H${EMAIL.slice(8)}`, `${E}[5;73H${EMAIL.slice(0, 8)}`],
  ['the first, something else, the second', `${E}[2J${E}[5;73H${EMAIL.slice(0, 8)}`, `${E}[9;1Hother`, `${E}[6;1H${EMAIL.slice(8)}`],
  ['the second first, byte by byte', `${E}[2J${E}[6;1H${EMAIL.slice(8)}${E}[5;73H`, ...Array.from(EMAIL.slice(0, 8))],
  ['pushed to the end of the row', `${E}[2J${E}[6;1H${EMAIL.slice(8)}`, `${E}[5;60H${EMAIL.slice(0, 8)}`, `${E}[5;60H${E}[13@`],
])('over two rows: %s', async (_, ...pieces) => {
  const [m, client, clear] = [masker(), terminal(), terminal()];
  const joined = (t: headless.Terminal): string => [4, 5].map((y) => t.buffer.active.getLine(y)?.translateToString(false) ?? '').join('');
  for (const piece of pieces) {
    await write(clear, Buffer.from(piece));
    for (const bytes of [m.write(Buffer.from(piece)), m.flush()]) {
      await write(client, bytes);
      expect(joined(client)).not.toContain(EMAIL);
    }
  }
  expect(joined(clear)).toContain(EMAIL);
});

it('the window changes its height between the halves', async () => {
  for (const rows of [12, 30]) {
    const [m, client] = [masker(), terminal()];
    await write(client, m.write(Buffer.from(`${E}[1mone${E}[m\r\n${HEAD}\r\nthree\r\n`)));
    m.resize(80, rows);
    client.resize(80, rows);
    await write(client, m.write(Buffer.from(`${E}[2A${E}[10G${TAIL} `)));
    expect(shows(client)).not.toContain(EMAIL);
    expect(shows(client)).toContain(HEAD);
  }
});

it('screens without values come out as they are, whatever moves in them', () => {
  const n = fc.nat(30);
  const moves = fc.oneof(
    fc.tuple(n, fc.nat(90)).map(([a, b]) => `${E}[${a};${b}H`), fc.tuple(n, fc.constantFrom(...Array.from('ABCDEFGIZdSTLMPX@aJK'))).map(([a, f]) => `${E}[${a % (f === 'J' || f === 'K' ? 3 : 30)}${f}`), fc.tuple(n, n).map(([a, b]) => `${E}[${a};${b}r`),
    fc.constantFrom('\r', '\n', '\r\n', '\b', '\t', `${E}7`, `${E}8`, `${E}D`, `${E}M`, `${E}E`, `${E}H`, `${E}[3g`, `${E}[4h`, `${E}[4l`, `${E}[?6h`, `${E}[?6l`, `${E}[?7l`, `${E}[?7h`, `${E}[?1049h`, `${E}[?1049l`, `${E}[?47h`, `${E}[?47l`, `${E}c`, `${E}[!p`, `${E}[1m`, `#${E}[5b`, `${E}(0x${E}(B`),
  );
  const words = fc.constantFrom('total', 'web server ', '42%', 'größe', '日本', 'x'.repeat(79), 'row of text that wraps '.repeat(5));
  fc.assert(
    fc.property(fc.array(fc.oneof(moves, words), { maxLength: 60 }), fc.nat(50), (parts, cut) => {
      const sent = Buffer.from(parts.join(''));
      const m = masker();
      const out = [m.write(sent.subarray(0, cut)), m.write(sent.subarray(cut)), m.flush()].map((b) => Buffer.from(b));
      expect(Buffer.concat(out).equals(sent)).toBe(true);
    }),
    { seed: 20261122, numRuns: Number(process.env['STREAM_MOVES_RUNS'] ?? 300) },
  );
});
