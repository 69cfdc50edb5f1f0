/** Prints recall and precision per detector over the generated corpus: `npx tsx src/policy/mask/recall.bench.ts`. */
import { singleDetectors, type DetectorId } from './detect/ids.ts';
import { scanText } from './detect/scan.ts';
import { harmless, samples } from '../../../testdata/detectors/generate.ts';

const COUNT = 500;
const active: ReadonlySet<DetectorId> = new Set(singleDetectors.filter((d) => d !== 'ipv4'));
const rows = new Map<string, { total: number; found: number; leaked: number; characters: number; wrong: number }>();
const row = (name: string): { total: number; found: number; leaked: number; characters: number; wrong: number } => {
  const known = rows.get(name) ?? { total: 0, found: 0, leaked: 0, characters: 0, wrong: 0 };
  rows.set(name, known);
  return known;
};
for (const s of samples(7, COUNT)) {
  const start = s.text.indexOf(s.value);
  const hits = scanText(s.text, active);
  const r = row(s.detector);
  r.total++;
  r.characters += s.value.length;
  const covered = hits.some((h) => h.start <= start && h.end >= start + s.value.length);
  if (covered) r.found++;
  for (let i = start; i < start + s.value.length; i++) if (!hits.some((h) => i >= h.start && i < h.end)) r.leaked++;
}
const clean = harmless(11, COUNT * 14);
for (const text of clean) for (const hit of scanText(text, active)) row(hit.detector).wrong++;
console.log(`| Detector | Recall | Leaked characters | False alarms in ${clean.length} harmless texts |`);
console.log('|---|---|---|---|');
for (const [name, r] of [...rows].toSorted()) {
  console.log(`| ${name} | ${r.total === 0 ? '-' : (r.found / r.total).toFixed(3)} | ${r.characters === 0 ? '-' : `${((100 * r.leaked) / r.characters).toFixed(2)} %`} | ${r.wrong} |`);
}
