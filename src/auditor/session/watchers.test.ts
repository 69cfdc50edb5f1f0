import { describe, expect, it } from 'vitest';
import { viewingsOf } from './watchers.tsx';

let id = 100;
const call = (sub: string, t_ms: number, action = 'recording.download', outcome: 'ok' | 'refused' = 'ok') => ({ id: id--, t_ms, iss: 'idp', sub, name: sub, address: '::1', action, part: '', outcome });

describe('viewings', () => {
  it('are what one person did in one go', () => {
    const v = viewingsOf([call('ann', 3_000_000, 'recording.export'), call('ann', 2_900_000), call('ann', 1_000_000), call('bob', 999_000), call('ann', 998_000)]);
    expect(v.map((x) => [x.first.sub, x.calls, x.exported])).toEqual([['ann', 2, true], ['ann', 1, false], ['bob', 1, false], ['ann', 1, false]]);
  });
  it('keep refusals apart', () => {
    expect(viewingsOf([call('eve', 2), call('eve', 1, 'recording.export', 'refused')]).map((x) => [x.refused, x.exported])).toEqual([[false, false], [true, false]]);
  });
});
