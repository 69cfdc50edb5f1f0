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

it('screens without values come out as they are, whatever moves in them', () => {
  const n = fc.nat(30);
  const moves = fc.oneof(
    fc.tuple(n, fc.nat(90)).map(([a, b]) => `${E}[${a};${b}H`), fc.tuple(n, fc.constantFrom(...Array.from('ABCDEFGIZdSTLMPX@abJK'))).map(([a, f]) => `${E}[${a % (f === 'J' || f === 'K' ? 3 : 30)}${f}`), fc.tuple(n, n).map(([a, b]) => `${E}[${a};${b}r`),
    fc.constantFrom('\r', '\n', '\r\n', '\b', '\t', `${E}7`, `${E}8`, `${E}D`, `${E}M`, `${E}E`, `${E}H`, `${E}[3g`, `${E}[4h`, `${E}[4l`, `${E}[?6h`, `${E}[?6l`, `${E}[?7l`, `${E}[?7h`, `${E}[?1049h`, `${E}[?1049l`, `${E}[?47h`, `${E}[?47l`, `${E}c`, `${E}[!p`, `${E}[1m`),
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
