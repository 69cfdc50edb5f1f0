import { describe, expect, it } from 'vitest';
import { placesIn } from './corpus-disk.ts';
import { CanaryScan } from './corpus-scan.ts';

const born = { label: 'born', kind: 'date', value: '1976-05-16', stored: '1976-05-16' } as const;
const scan = new CanaryScan([born], { piece: 9, amongDigests: true });
const found = (text: string): string[] => [...scan.find(Buffer.from(text))];

describe('a date among digests', () => {
  it.each(['1976-05-16', 'born 19760516.', '16.05.1976', '"201052800"', 'x19760516x', Buffer.from('1976-05-16').toString('base64'), Buffer.from('born 19760516.').toString('base64')])('is found in %s', (text) => {
    expect(found(text)).toEqual(['born']);
  });

  it('is no part of a digest, an id or a time in milliseconds, nor of a digest in base64', () => {
    const digest = '{"sha256":"4be1e923e443286ca73a19760516681f94dc82c018c42eeb4be1e923e443286ca73a19760516681f"}';
    expect(found(digest)).toEqual([]);
    for (const shift of ['', ' ', '  ']) expect(found(Buffer.from(shift + digest).toString('base64'))).toEqual([]);
    expect(found('1719760516123')).toEqual([]);
  });

  it('is reported with the place at which it stands', () => {
    expect(placesIn(scan, Buffer.from('{"x":1}\nborn 1976-05-16, 1976-05-16\n'), 'log')).toEqual(['born in log at byte 13 of 36: {"x":1}.born 1976-05-16, 1976-05-16.']);
    expect(placesIn(scan, Buffer.from('nothing'), 'log')).toEqual([]);
  });
});
