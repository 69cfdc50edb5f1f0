import { describe, expect, it } from 'vitest';
import { CanaryScan } from './corpus-scan.ts';

const born = { label: 'born', kind: 'date', value: '1976-05-16', stored: '1976-05-16' } as const;
const scan = new CanaryScan([born], { piece: 9, amongDigests: true });
const found = (text: string): string[] => [...scan.find(Buffer.from(text))];

describe('a date among digests', () => {
  it.each(['1976-05-16', 'born 19760516.', '16.05.1976', '"201052800"', 'x19760516x', 'MTk3Ni0wNS0xN'])('is found in %s', (text) => {
    expect(found(text)).toEqual(['born']);
  });

  it('is no part of a digest, an id or a time in milliseconds', () => {
    expect(found('sha256:4be1e923e443286ca73a19760516681f94dc82c018c42eeb')).toEqual([]);
    expect(found('1719760516123')).toEqual([]);
  });
});
