/** What terminals read in more ways than one, or otherwise than the bytes look: character sets, strings, bytes that are no UTF-8, sequences that are not passed on. */
import headless from '@xterm/headless';
import { expect, it } from 'vitest';
import { streamContext, streamPlan, streamValues, visible } from '../../../testing/stream-values.ts';
import { StreamMasker } from './index.ts';

const E = '\u001b';
const CARD = '4111111111111111';
const SPACED = '4111 1111 1111 1111';
const EMAIL = 'alice@example.com';
const { aws: AWS = '', pesel: PESEL = '', iban: IBAN = '' } = streamValues;
const SIZE = { cols: 80, rows: 24 };
const masker = (terminal = true): StreamMasker => new StreamMasker({ plan: streamPlan, context: streamContext(), ...(terminal ? { terminal: SIZE } : {}) });

/** Rows and titles that a terminal shows. */
async function shows(pieces: readonly Uint8Array[]): Promise<string> {
  const t = new headless.Terminal({ ...SIZE, allowProposedApi: true, logLevel: 'off' });
  const titles: string[] = [];
  t.onTitleChange((title) => titles.push(title));
  for (const piece of pieces) await new Promise<void>((resolve) => t.write(piece, resolve));
  return [...Array.from({ length: t.buffer.active.length }, (_, y) => t.buffer.active.getLine(y)?.translateToString(true) ?? ''), ...titles].join('\n');
}

/** A piece, the pause after it, and so on. */
function through(pieces: readonly (string | Buffer)[], terminal = true): Buffer[] {
  const m = masker(terminal);
  return pieces.flatMap((p) => [Buffer.from(m.write(Buffer.from(p as string))), Buffer.from(m.flush())]);
}

const raw = (...bytes: number[]): Buffer => Buffer.concat([Buffer.from('4111'), Buffer.from(bytes), Buffer.from('111111111111')]);
const set = (text: string): string => `${E}(0${text}${E}(B`;

/** Value, and the pieces that make a terminal show it. */
const SHOWN: readonly (readonly [string, string, ...(string | Buffer)[]])[] = [
  ['a key between drawn lines', AWS, `${set('x')}${AWS}${set('x')}`],
  ['an id between drawn lines', PESEL, `${set('x')}${PESEL}${set('x')}`],
  ['an account between drawn lines', IBAN, `${set('tq')}${IBAN}${set('qu')}`],
  ['lines drawn by a shift', AWS, `${E})0\u000ex\u000f${AWS}\u000ex\u000f`],
  ['lines drawn by a set that was kept', AWS, `${E}(0${E}7${E}(B${E}8x${E}(B${AWS}`],
  ['a byte that begins nothing', CARD, raw(0xff)],
  ['a character that is cut off', CARD, raw(0xe2, 0x82)],
  ['half of a pair', CARD, raw(0xed, 0xa0, 0x80)],
  ['a form that is too long', CARD, raw(0xc0, 0x80)],
  ['a character of five bytes', CARD, raw(0xf8, 0x88, 0x80, 0x80, 0x80)],
  ['a bell in a private message', CARD, `4111${E}^\u000799${E}\\111111111111`],
  ['a bell in an application command', CARD, `4111${E}_\u000799${E}\\111111111111`],
  ['a bell in a device control string', CARD, `4111${E}P\u000799${E}\\111111111111`],
  ['a line end in a title', EMAIL, `${E}]2;alice@exa\nmple.com\u0007`],
  ['a NUL in a title', EMAIL, `${E}]2;alice\0@example.com\u0007`],
  ['a repetition that comes too late', CARD, `4111${E}[m${E}[3b111111111111`],
  ['a repetition after a string', CARD, `4111${E}]0;x\u0007${E}[3b111111111111`],
  ['a wide character at the edge', CARD, `${E}[2J${E}[5;1H${'x'.repeat(79)}日41`, `${E}[6;5H${CARD.slice(2)}`],
  ['a wide character written over by half', SPACED, `${E}[2J${E}[5;1H4111日`, `${E}[5;6H1111 1111 1111`],
  ['the other half', SPACED, `${E}[2J${E}[5;4H日1111 1111 1111`, `${E}[5;1H4111`],
  ['many zeros before a number', EMAIL, `${E}[2J${E}[5;10Hmple.com`, `${E}[${'0'.repeat(80)}5;1Halice@exa`],
  ['a colon in a position', EMAIL, `${E}[2J${E}[5;10Hmple.com`, `${E}[5:40Halice@exa`],
  ['columns of all rows to the left', EMAIL, `${E}[2J${E}[5;3Halice@exa`, `${E}[2 @${E}[5;10Hmple.com`],
  ['to the right, the sequence in two', EMAIL, `${E}[2J${E}[5;1Halice@exa`, `${E}[2 `, `A${E}[5;12Hmple.com`],
  ['columns put in', EMAIL, `${E}[2J${E}[5;1Halice@exa`, `${E}[5;1H${E}['}${E}[5;11Hmple.com`],
  ['columns taken out', EMAIL, `${E}[2J${E}[5;1Halice@exaXXmple.com`, `${E}[5;10H${E}[2'~`],
];

it.each(SHOWN)('%s', async (_, value, ...pieces) => {
  expect(await shows(pieces.map((p) => Buffer.from(p as string)))).toContain(value);
  const shown = through(pieces);
  expect(await shows(shown)).not.toContain(value);
  expect(visible(Buffer.concat(shown).toString('latin1'))).not.toContain(value);
});

it('what is copied by other sequences than OSC 52', () => {
  const base64 = Buffer.from(`mail ${EMAIL} x`).toString('base64');
  for (const head of ['52;;', '052;c;', '52;C;', '1337;Copy=:', '1337;SetUserVar=a=', '5522;type=write;', '99;i=1:e=1;']) {
    const shown = Buffer.concat(through([`${E}]${head}${base64}\u0007`])).toString();
    const text = Buffer.from(shown.slice(head.length + 2, -1), 'base64').toString();
    expect(text, head).not.toContain(EMAIL);
    expect(text, head).toMatch(/^mail \S+ x$/);
  }
});

it('what terminals differ in is given up: rectangles that are copied or filled with more than blanks, columns, a screen of E', () => {
  for (const [sent, shown] of [[`${E}[5;1;5;9;1;9;1;1$v`, `${E}[5;1;5;9;1;9;1;1$\u0018`], [`${E}[49;5;2;5;16$x`, `${E}[49;5;2;5;16$\u0018`], [`${E}[32;5;2;5;16$x`, `${E}[32;5;2;5;16$x`], [`${E}6`, `${E}\u0018`], [`${E}#8`, `${E}#\u0018`]] as const) {
    expect(Buffer.concat(through([sent])).toString()).toBe(shown);
    expect(Buffer.concat(through([sent], false)).toString()).toBe(sent);
  }
});

it('what DEC terminals draw as a blank is one', () => {
  const shown = Buffer.concat(through([`4111${set('_')}1111${set('_')}1111${set('_')}1111`])).toString();
  expect(visible(shown)).not.toContain('4111');
});

it('colours may have as many parameters as they like', () => {
  const sent = `${E}[1;3;4;38;2;255;255;255;48;2;100;100;100;58;2;100;100;100;9;53;21;7;27;5;25m${E}[4:3m${E}[38:2::1:2:3mtext${E}[0m`;
  expect(Buffer.concat(through([sent])).toString()).toBe(sent);
});
