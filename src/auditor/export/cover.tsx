/**
 * The page that goes with an .srz when it is handed to somebody: what it is, and how to prove it without us. One
 * component for the screen, for print and for the file that is saved, with plain class names and a style sheet of text.
 */
import type { VerifyReport } from '../../contract/ipc/sessions.ts';
import type { SessionSummary } from '../../contract/store/search.ts';
import { formatBytes, formatCount, formatTime } from '../../ui/format.ts';
import { personText } from '../ui.tsx';
import { grouped } from '../verify/fingerprint.ts';
import type { TrustFile } from '../verify/trust-file.ts';

export interface CoverFacts {
  readonly summary: SessionSummary;
  readonly file: { readonly name: string; readonly bytes: number; readonly sha256: string };
  /** The outcome in this browser, where it was verified. */
  readonly verified: { readonly report: VerifyReport; readonly trust: TrustFile } | undefined;
  /** The trust file of this browser. */
  readonly pinned: TrustFile | undefined;
  readonly exporter: string;
  readonly exportedMs: number;
}

const verdictWords = { PASS: 'PASS', PASS_REDACTED: 'PASS with redactions', RECOVERED: 'RECOVERED', OPEN: 'still open', FAIL: 'FAIL' } as const;

/** Universal time: the page is read in other places and years. */
const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

function Rows({ rows }: { rows: readonly (readonly [string, string])[] }) {
  return (
    <table className="sp-rows">
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function sessionRows(s: SessionSummary): readonly (readonly [string, string])[] {
  return [
    ['Session', s.session_id],
    ['Person', `${personText(s.person)}, signed in by ${s.person.iss}`],
    ['Groups', s.groups.join(', ') || 'none'],
    ['Target', `${s.connection}${s.database === '' ? '' : `, database ${s.database}`} (${Object.entries(s.labels).map(([k, v]) => `${k}=${v}`).join(', ') || s.protocol})`],
    ['Time', `${utc(s.opened_ms)} to ${s.closed_ms === undefined ? 'still open' : utc(s.closed_ms)}`],
    ['Device', `${s.device_id}, its session number ${s.device_seq}`],
    ['Client', `${s.client.program === '' ? s.client.kind : s.client.program} from ${s.client.address}`],
    ['Policy', `${s.policy.name} number ${s.policy.serial}, bundle ${s.policy.bundle_sha256}`],
    ['Content', `${formatCount(s.size)} records, ${formatCount(s.counts.statements)} statements, ${formatCount(s.counts.denied)} denied`],
  ];
}

export function Cover({ facts }: { facts: CoverFacts }) {
  const { summary, file, verified, pinned } = facts;
  return (
    <article className="sp-cover">
      <p className="sp-kicker">Sallyport · evidence of a recorded session</p>
      <h1>
        {summary.person.name} on {summary.connection}
      </h1>
      <p className="sp-lead">
        The file named here is the complete recording of one session: what was asked, what was decided, by whom it was approved, and the answer with sensitive values masked. It proves itself: nobody, the organisation and the maker of the software included, can change it without this showing.
      </p>
      <h2>The file</h2>
      <Rows rows={[['Name', file.name], ['Size', `${formatBytes(file.bytes)} (${formatCount(file.bytes)} bytes)`], ['SHA-256', grouped(file.sha256)], ['Exported', `${utc(facts.exportedMs)} by ${facts.exporter}`]]} />
      <h2>The session</h2>
      <Rows rows={sessionRows(summary)} />
      <h2>How to verify it</h2>
      <ol>
        <li>
          Get the organisation’s trust file (<code>trust.json</code>) by another way than this file: from its security team, an auditor before you, or its notary. {pinned === undefined ? 'Compare its SHA-256 with the one that they publish.' : 'Its SHA-256 should be:'}
          {pinned !== undefined && <code className="sp-print">{grouped(pinned.fingerprint)}</code>}
        </li>
        <li>
          Check that the file is the one named here: <code>sha256sum {file.name}</code>
        </li>
        <li>
          Verify it. No network and no account is needed: <code>sallyport recordings verify {file.name} --trust trust.json</code>
        </li>
        <li>
          The first line is <b>PASS</b> (exit code 0), <b>PASS with redactions</b> or, after a crash of the laptop, <b>RECOVERED</b>. Anything else begins with <b>FAIL</b> and names the first record that does not hold.
        </li>
      </ol>
      <h2>When it was exported</h2>
      <p>
        {verified === undefined
          ? 'It was not verified in the browser that exported it.'
          : `Verified in the exporting browser at ${formatTime(verified.report.checkedMs)}: ${verdictWords[verified.report.verdict]}, ${formatCount(verified.report.records)} records${verified.report.firstBad === undefined ? '' : `; record ${verified.report.firstBad.n} does not hold (${verified.report.firstBad.message})`}. Keys from ${verified.trust.from === 'file' ? `the trust file ${verified.trust.name}` : 'the store itself, which is weaker than a trust file'}.`}{' '}
        What counts is your own verification.
      </p>
      <div className="sp-sign">
        <span>Handed over by, date</span>
        <span>Received by, date</span>
      </div>
    </article>
  );
}

export const coverStyle = `
.sp-cover{max-width:720px;margin:0 auto;padding:40px 44px;background:#fff;color:#1d222b;font:13px/1.55 'Inter Variable','Segoe UI',system-ui,sans-serif}
.sp-cover h1{margin:0 0 10px;font-size:24px;line-height:1.25;font-weight:650;letter-spacing:-.015em}
.sp-cover h2{margin:22px 0 6px;font-size:13px;font-weight:640}
.sp-cover p{margin:0}
.sp-cover .sp-kicker{margin-bottom:6px;color:#596273;font-size:12px}
.sp-cover .sp-lead{color:#3a4250}
.sp-cover ol{margin:0;padding-left:20px}
.sp-cover li{margin:0 0 6px}
.sp-cover code{font-family:'JetBrains Mono Variable',ui-monospace,Menlo,Consolas,monospace;font-size:11.5px;font-variant-ligatures:none;overflow-wrap:anywhere;background:#f4f6f8;padding:1px 4px;border-radius:3px}
.sp-cover .sp-print{display:block;margin:4px 0 0;padding:4px 8px}
.sp-cover .sp-rows{width:100%;border-collapse:collapse}
.sp-cover .sp-rows th{width:110px;padding:4px 12px 4px 0;text-align:left;vertical-align:top;font-weight:450;color:#596273;border-top:1px solid #e3e6eb}
.sp-cover .sp-rows td{padding:4px 0;vertical-align:top;overflow-wrap:anywhere;border-top:1px solid #e3e6eb}
.sp-cover .sp-sign{display:grid;grid-template-columns:1fr 1fr;gap:40px;margin-top:56px}
.sp-cover .sp-sign span{padding-top:6px;border-top:1px solid #1d222b;font-size:11.5px;color:#596273}
@page{margin:14mm}
@media print{.sp-cover{max-width:none;padding:0}.sp-cover h2{break-after:avoid}.sp-cover .sp-rows tr,.sp-cover li,.sp-cover .sp-sign{break-inside:avoid}}
`;
