import { describe, expect, it } from 'vitest';
import { singleDetectors, type DetectorId } from './ids.ts';
import { minDigits, prefilter, Signal } from './prefilter.ts';
import { scanText } from './scan.ts';

const all: ReadonlySet<DetectorId> = new Set(singleDetectors.filter((d) => d !== 'ipv4'));
const signals = (text: string): number => prefilter(Buffer.from(text), minDigits(false));
const found = (text: string): string[] => scanText(text, all, undefined, signals(text)).map((h) => text.slice(h.start, h.end));

describe('behind the signals', () => {
  it.each(['password        = hunter2-Xy', 'password\t=\thunter2-Xy', 'pwd    :   "hunter2-Xy"', "ALTER ROLE app PASSWORD   'hunter2-Xy'", "IDENTIFIED BY\t'hunter2-Xy'"])('a value that stands apart from its name is found: %s', (text) => {
    expect(found(text)).toEqual(['hunter2-Xy']);
  });

  it.each(['Authorization: Bearer abcdEFGH1234ijkl', 'header: basic abcdEFGH1234ijkl', 'connection = bearer abcdEFGH1234ijkl'])('a scheme and its token are found: %s', (text) => {
    expect(found(text)).toEqual(['abcdEFGH1234ijkl']);
  });

  it('words that end alike name no secret', () => {
    for (const text of ['"path": "/a"', 'session: opened', 'server = web', 'the north: cold']) expect(signals(text) & Signal.secret, text).toBe(0);
    for (const text of ['token: x', 'api_key=x', 'passcode = x', 'secret: x']) expect(signals(text) & Signal.secret, text).toBe(Signal.secret);
  });
});
