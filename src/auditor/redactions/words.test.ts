import { describe, expect, it } from 'vitest';
import type { RedactionView } from '../../contract/store/retention.ts';
import { byRecord, nextStep, signCommand } from './words.ts';

const view = (state: RedactionView['state'], signers: readonly string[] = []): RedactionView => ({
  id: 'r-01980000-0000-7000-8000-00000000dead',
  session_id: '01980000-0000-7000-8000-000000000001' as RedactionView['session_id'],
  state,
  legal_basis: 'erasure',
  ticket: 'T-1',
  items: [],
  payload: '',
  proposed_by: { iss: 'idp', sub: 'petra', name: 'Petra' },
  proposed_ms: 1,
  signed_by: signers.map((name) => ({ iss: 'idp', sub: name, name, t_ms: 2 })),
  may_sign: false,
});

describe('a redaction', () => {
  it('says who is still to sign', () => {
    expect(nextStep(view('proposed'))).toMatch(/^Nobody has signed it yet/);
    expect(nextStep(view('proposed', ['Petra']))).toMatch(/^Petra has signed it\. A second person/);
    expect(nextStep(view('done', ['Petra', 'Sam']))).toMatch(/gone/);
  });
  it('is signed by a command that names it', () => expect(signCommand('r-1')).toBe('sallyport recordings redact r-1 --config gateway.yaml --token-file id-token.txt'));
  it('lists its contents record by record', () => {
    expect(byRecord([{ n: 4, f: 'rows' }, { n: 1, f: 'sql' }, { n: 4, f: 'columns' }])).toEqual([
      { n: 1, items: [{ n: 1, f: 'sql' }] },
      { n: 4, items: [{ n: 4, f: 'rows' }, { n: 4, f: 'columns' }] },
    ]);
  });
});
