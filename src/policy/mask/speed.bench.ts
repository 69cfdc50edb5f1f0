/** Prints what masking costs per kind of cell, in processor time: `npx tsx src/policy/mask/speed.bench.ts`. */
import { generator } from '../../../testdata/detectors/generate.ts';
import type { MaskPlan } from '../types.ts';
import { createDetectors, ResultMask, RowMasker } from './index.ts';

const ids = ['email', 'phone', 'card', 'iban', 'national_id', 'token', 'password'];
const detectors = createDetectors(ids.map((id) => ({ id, columns: [], detectors: [id], mask: { kind: 'token' }, predicates: 'allow' })));
const context = { tokenKey: new Uint8Array(32).fill(7), detectors };
const detect: MaskPlan = { columns: 'detect_all', unmasked: [], scrubMessages: false };
const rule = (kind: 'token' | 'partial'): MaskPlan => ({ columns: [{ classId: 'email', kind, rule: 'email' }], unmasked: [], scrubMessages: false });
const pick = generator(1);
const WORDS = 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua'.split(' ');

function prose(length: number): string {
  let text = '';
  while (text.length < length) text += `${WORDS[pick(WORDS.length)] ?? ''} `;
  return text;
}

function run(name: string, count: number, make: () => string, plan = detect, typeOid = 25): void {
  const cells = Array.from({ length: count }, () => Buffer.from(make()));
  const bytes = cells.reduce((n, c) => n + c.length, 0);
  const masker = new RowMasker(new ResultMask(plan, [{ name: 'x', typeOid, format: 0 }], context));
  let best = Infinity;
  for (let round = 0; round < 4; round++) {
    const before = process.cpuUsage();
    for (const cell of cells) masker.maskCell(0, cell);
    const used = process.cpuUsage(before);
    best = Math.min(best, (used.user + used.system) / 1000);
  }
  console.log(`| ${name} | ${(bytes / best / 1000).toFixed(0)} | ${((best * 1000) / count).toFixed(2)} |`);
}

console.log('| Cells | MB/s | us per cell |\n|---|---|---|');
run('prose, 20 bytes', 200_000, () => prose(20));
run('prose, 200 bytes', 100_000, () => prose(200));
run('prose, 4 kB', 5_000, () => prose(4_000));
run('prose with accents, 120 bytes', 100_000, () => `${prose(100)} éàü Straße`);
run('timestamps as text', 100_000, () => `2024-0${1 + pick(9)}-1${pick(9)} 12:34:5${pick(9)}.123456+00`);
run('uuids as text', 100_000, () => `550e8400-e29b-41d4-a716-44665544${1000 + pick(8999)}`);
run('log lines with numbers', 50_000, () => `2024-05-01T12:34:56.789Z INFO [w-${pick(9)}] id=${pick(1e6)} path=/orders/${pick(1e6)} status=200 took ${pick(1e3)}ms`);
run('json without findings, 100 bytes', 50_000, () => JSON.stringify({ id: pick(1e6), name: prose(20), tags: ['a', 'b'], price: 12.5, at: '2024-05-01T12:34:56Z' }), detect, 114);
run('e-mails found by a detector', 100_000, () => `user${pick(1e6)}@example.com`);
run('e-mails by column rule, token', 200_000, () => `user${pick(1e6)}@example.com`, rule('token'));
run('e-mails by column rule, partial', 200_000, () => `user${pick(1e6)}@example.com`, rule('partial'));
