/** A report as one HTML page for printing: no script, no resource from elsewhere, everything escaped. */
import type { Report } from '../../contract/store/index.ts';
import { escapeHtml } from '../http/html.ts';
import { isoTime } from './csv.ts';

const STYLE = `
:root { color-scheme: light; font: 10pt/1.4 system-ui, sans-serif; }
body { margin: 1.5rem; color: #111; background: #fff; }
h1 { font-size: 16pt; margin: 0 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0 0 1rem; }
dt { color: #555; } dd { margin: 0; overflow-wrap: anywhere; }
.incomplete { border: 2px solid #b00; padding: .5rem; font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding-bottom: .3rem; color: #555; }
th, td { border: 1px solid #bbb; padding: .2rem .4rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #eee; } td.number { text-align: right; white-space: nowrap; }
thead { display: table-header-group; } tr { break-inside: avoid; }
@page { size: A4 landscape; margin: 12mm; }
@media print { body { margin: 0; } }
`;

/** Headers of the page: it can load and run nothing. */
export const REPORT_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export function htmlOf(r: Report): string {
  const { basis } = r;
  const facts: [string, string][] = [
    ['Organisation', basis.organisation],
    ['Period', `${isoTime(basis.query.from_ms)} to ${isoTime(basis.query.to_ms)} (end not included)`],
    ...(basis.query.person === undefined ? [] : [['Person', basis.query.person] satisfies [string, string]]),
    ...(basis.query.target === undefined ? [] : [['Target', basis.query.target] satisfies [string, string]]),
    ['Made', `${isoTime(basis.generated_ms)} by ${basis.generated_by}`],
    ['Transparency log', basis.log.size === 0 ? 'empty' : `${basis.log.size} entries, root ${basis.log.root}`],
    ['Query', `${basis.kind} ${JSON.stringify(basis.query)}`],
  ];
  const waiting = basis.pending_chunks + basis.failed_chunks;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${escaped(r.title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(r.title)}</h1>
<dl>${facts.map(([k, v]) => `<dt>${escaped(k)}</dt><dd>${escaped(v)}</dd>`).join('')}</dl>
${waiting === 0 ? '' : `<p class="incomplete">Incomplete: ${waiting} parts of recordings were not indexed when this report was made.</p>`}
${r.notes.map((n) => `<p>${escaped(n)}</p>`).join('\n')}
<table><caption>${r.rows.length} rows</caption><thead><tr>${r.columns.map((c) => `<th scope="col">${escaped(c.title)}</th>`).join('')}</tr></thead><tbody>
${r.rows.map((row) => `<tr>${row.map((cell, i) => cellHtml(cell, r.columns[i]?.type ?? 'text')).join('')}</tr>`).join('\n')}
</tbody></table>
</body></html>
`;
}

function cellHtml(cell: string | number | null, type: 'text' | 'number' | 'time'): string {
  if (cell === null) return '<td></td>';
  if (typeof cell === 'number') return type === 'time' ? `<td>${isoTime(cell)}</td>` : `<td class="number">${cell}</td>`;
  return `<td>${escaped(cell)}</td>`;
}

/** Control characters, and those that turn the direction of writing around, become visible. */
const escaped = (text: string): string => escapeHtml(text).replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (c) => (c === '\n' || c === '\t' ? ' ' : '\ufffd'));
