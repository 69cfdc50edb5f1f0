import { expect, it } from 'vitest';
import { groupedId } from './fingerprint.ts';

it('groups a device id, and leaves alone what is none', () => {
  expect(groupedId('dev_5a2b7e0c91d34f6688aa01b2c3d4e5f6')).toBe('5a2b 7e0c 91d3 4f66\n88aa 01b2 c3d4 e5f6');
  expect(groupedId('dev_5a2b')).toBe('dev_5a2b');
});
