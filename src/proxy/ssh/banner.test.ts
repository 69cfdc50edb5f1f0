import { expect, it } from 'vitest';
import { bannerText } from './banner.ts';

it('is shown in lines, without what acts on a terminal, and not for ever', () => {
  expect(bannerText('Welcome\tto\nthe déjà-vu host\n\n')).toBe('Welcome\tto\r\nthe déjà-vu host\r\n');
  expect(bannerText('a\u001b]0;title\u0007b\u001b[2Jc\rd\u009b1me\u202ef\0')).toBe('a]0;titleb[2Jc\r\nd1mef\r\n');
  expect([bannerText(''), bannerText('\n \r\n')]).toEqual(['', '']);
  const flood = bannerText('x\n'.repeat(30_000));
  expect(flood.length).toBeLessThan(13_000);
  expect(flood).toMatch(/is in the recording\]\r\n$/);
});
