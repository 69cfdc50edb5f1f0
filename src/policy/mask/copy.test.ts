import { describe, expect, it } from 'vitest';
import { DeniedError, MalformedError } from '../../base/errors.ts';
import type { MaskPlan } from '../types.ts';
import { CopyOutMasker, createDetectors, type CopyOptions, type MaskContext } from './index.ts';

const context: MaskContext = {
  tokenKey: new Uint8Array(32).fill(7),
  detectors: createDetectors([{ id: 'email', columns: [], detectors: ['email'], mask: { kind: 'token' }, predicates: 'allow' }]),
};
const email = { classId: 'email', kind: 'token', rule: 'email on t.email' } as const;
const plan: MaskPlan = { columns: ['detect', email, 'detect'], unmasked: [], scrubMessages: false };
const columns = [{ name: 'id', typeOid: 23 }, { name: 'email', typeOid: 25 }, { name: 'note', typeOid: 25 }];
const options = (format: CopyOptions['format'], more: Partial<CopyOptions> = {}): CopyOptions => ({
  format,
  delimiter: format === 'csv' ? ',' : '\t',
  nullString: format === 'csv' ? '' : '\\N',
  quote: '"',
  escape: '"',
  header: false,
  encoding: 'UTF8',
  ...more,
});

function run(data: Buffer, opts: CopyOptions, cut: readonly number[] = [], thePlan = plan, cols: readonly { name: string; typeOid?: number }[] = columns): Buffer {
  const masker = new CopyOutMasker(thePlan, cols, opts, context);
  const out: Buffer[] = [];
  let from = 0;
  for (const at of [...cut, data.length]) {
    out.push(...masker.push(data.subarray(from, at)));
    from = at;
  }
  out.push(...masker.end());
  return Buffer.concat(out);
}

/** The same output however the stream is cut: at each byte, and byte by byte. */
function everywhere(data: Buffer, opts: CopyOptions): string {
  const whole = run(data, opts);
  for (let i = 0; i <= data.length; i++) expect(run(data, opts, [i]).equals(whole), `cut at ${i}`).toBe(true);
  expect(run(data, opts, Array.from({ length: data.length }, (_, i) => i)).equals(whole)).toBe(true);
  return whole.toString('latin1');
}

const field = (value: string | Buffer | null): Buffer => {
  const size = Buffer.alloc(4);
  size.writeInt32BE(value === null ? -1 : Buffer.byteLength(value));
  return Buffer.concat([size, Buffer.from(value ?? '')]);
};
const tuple = (...values: (string | Buffer | null)[]): Buffer => Buffer.concat([Buffer.from([0, values.length]), ...values.map(field)]);
const header = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const trailer = Buffer.from([0xff, 0xff]);

describe('text', () => {
  it('masks rules and findings, keeps escapes, NULL and every other byte', () => {
    const out = everywhere(Buffer.from('1\tbob@example.com\tplain \\\\ \\n x\n2\t\\N\task al@example.org \\t now\n3\t\\\\N\t\n\\.\n'), options('text'));
    const rows = out.split('\n');
    expect(rows[0]).toMatch(/^1\tmsk_email_\w{12}\tplain \\\\ \\n x$/);
    expect(rows[1]).toMatch(/^2\t\\N\task msk_email_\w{12} \\t now$/);
    expect(rows[2]).toMatch(/^3\tmsk_email_\w{12}\t$/);
    expect(rows.slice(3)).toEqual(['\\.', '']);
  });

  it('leaves the header row, and a last row without a line end is masked too', () => {
    expect(everywhere(Buffer.from('id|email|note\r\n1|bob@example.com|x'), options('text', { delimiter: '|', header: true }))).toMatch(/^id\|email\|note\r\n1\|msk_email_\w{12}\|x$/);
  });

  it('refuses a row with another number of fields', () => {
    expect(() => run(Buffer.from('1\tx\n'), options('text'))).toThrow(MalformedError);
  });

  it('refuses encodings in which a delimiter can be half of a character', () => {
    expect(() => new CopyOutMasker(plan, columns, options('text', { encoding: 'SJIS' }), context)).toThrow(DeniedError);
  });

  it('looks into every field when the columns are not known', () => {
    expect(run(Buffer.from('bob@example.com\tx\n'), options('text'), [], { ...plan, columns: 'detect_all' }, []).toString()).toMatch(/^msk_email_\w{12}\tx\n$/);
  });
});

describe('csv', () => {
  it('reads quotes over lines and chunks, keeps what it does not mask', () => {
    const out = everywhere(Buffer.from('1,bob@example.com,"say ""hi"",\nto al@example.org"\n2,,"a\nb"\n3,"","x"\n'), options('csv'));
    expect(out).toMatch(/^1,msk_email_\w{12},"say ""hi"",\nto msk_email_\w{12}"\n2,,"a\nb"\n3,"msk_email_\w{12}","x"\n$/);
  });

  it('knows another escape character', () => {
    const out = everywhere(Buffer.from("1;'bob\\'s@example.com';'\\'\n al@example.org'\n"), options('csv', { delimiter: ';', quote: "'", escape: '\\' }));
    expect(out).toMatch(/^1;'msk_email_\w{12}';'\\'\n msk_email_\w{12}'\n$/);
  });
});

describe('binary', () => {
  const id = Buffer.from([0, 0, 0, 1]);

  it('masks cells and lengths, keeps NULL, header and trailer', () => {
    const data = Buffer.concat([header, tuple(id, 'bob@example.com', 'plain'), tuple(id, null, 'to al@example.org'), trailer]);
    const out = everywhere(data, options('binary'));
    expect(out).not.toMatch(/bob@|al@/);
    expect(out.match(/msk_email_\w{12}/g)).toHaveLength(2);
    const token = /msk_email_[b-w]{12}/.exec(out)?.[0] ?? '';
    expect(out.startsWith(Buffer.concat([header, tuple(id, token, 'plain')]).toString('latin1'))).toBe(true);
    expect(out.endsWith('\xff\xff')).toBe(true);
  });

  it('gives NULL where the type is not known', () => {
    const unknown = [{ name: 'id' }, { name: 'email' }, { name: 'note' }];
    expect(run(Buffer.concat([header, tuple(id, 'bob@example.com', 'x'), trailer]), options('binary'), [], plan, unknown).equals(Buffer.concat([header, tuple(id, null, 'x'), trailer]))).toBe(true);
  });

  it.each([
    ['a wrong signature', Buffer.from('PGCOPX\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')],
    ['unknown flags', Buffer.from('PGCOPY\n\xff\r\n\0\0\x01\0\0\0\0\0\0', 'latin1')],
    ['a negative length', Buffer.concat([header, Buffer.from([0, 3, 0xff, 0xff, 0xff, 0x00])])],
    ['bytes after the trailer', Buffer.concat([header, trailer, Buffer.from([0])])],
    ['an end inside a tuple', Buffer.concat([header, Buffer.from([0, 3, 0, 0])])],
    ['another number of fields', Buffer.concat([header, tuple(id), trailer])],
  ])('refuses %s', (_, data) => {
    expect(() => run(data, options('binary'))).toThrow(MalformedError);
  });
});
