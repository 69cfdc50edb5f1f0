/** Whether this recording proves itself, by whose keys, and step by step why. */
import { Button, FileButton, Loader, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconFileCertificate, IconRefresh, IconShieldCheck, IconX } from '@tabler/icons-react';
import type { VerifyReport } from '../../contract/ipc/sessions.ts';
import { formatCount, formatTime, plural } from '../../ui/format.ts';
import frame from '../../ui/screen.module.css';
import { VerdictPill } from '../../ui/pill.tsx';
import { verifySummary, VerifySteps } from '../../ui/verify-report.tsx';
import { explain } from '../api/http.ts';
import { Link } from '../link.tsx';
import { attempt, copyText, tell } from '../notify.ts';
import { grouped } from './fingerprint.ts';
import { forgetTrust, pinTrust, type TrustFile } from './trust-file.ts';
import type { Verifier } from './use-verification.ts';
import classes from './verification.module.css';

function load(file: File | null): void {
  if (file === null) return;
  attempt('This trust file was not taken', async () => {
    const trust = await pinTrust(file);
    tell('Trust file loaded', `${trust.organisation}, ${plural(trust.devices, 'device')}. Compare its fingerprint with the one that you were given.`);
  });
}

function Pinned({ trust }: { trust: TrustFile }) {
  return (
    <div className={classes.trust}>
      <IconFileCertificate size={18} stroke={1.7} aria-hidden />
      <div>
        <b>{trust.name}</b>
        <p>
          {trust.organisation} · {plural(trust.devices, 'device')}
        </p>
        <p>loaded {formatTime(trust.loadedMs).slice(0, 16)}</p>
      </div>
      <UnstyledButton className={classes.forget} aria-label={`Forget ${trust.name}`} title="Forget this file" onClick={() => attempt('Could not forget it', forgetTrust)}>
        <IconX size={14} />
      </UnstyledButton>
      <UnstyledButton className={classes.print} onClick={() => copyText(trust.fingerprint, 'Fingerprint copied')} aria-label={`Copy the fingerprint of ${trust.name}`} title="SHA-256 of the file: what sha256sum prints">
        {grouped(trust.fingerprint)}
      </UnstyledButton>
    </div>
  );
}

function Weaker() {
  return (
    <div className={classes.weaker} role="note">
      <IconAlertTriangle size={16} stroke={1.8} aria-hidden />
      <span>
        Checked by keys that <b>this store</b> gave. A store that lies about a recording could lie about keys too: load a trust file that you were given by another way.
      </span>
    </div>
  );
}

function Outcome({ report, trust, session }: { report: VerifyReport; trust: TrustFile; session: string }) {
  return (
    <div role="status" className={classes.outcome} data-verdict={report.verdict}>
      <div className={classes.verdict}>
        <VerdictPill verdict={report.verdict} />
        <span className={classes.when}>{formatTime(report.checkedMs).slice(11)}, in this browser</span>
      </div>
      {trust.from === 'store' && <Weaker />}
      <p className={classes.summary}>
        {verifySummary(report)}{' '}
        {report.firstBad !== undefined && (
          <Link to={{ page: 'session', id: session, n: report.firstBad.n }} className={classes.bad}>
            Show record {report.firstBad.n}
          </Link>
        )}
      </p>
      <VerifySteps report={report} />
    </div>
  );
}

export function VerificationPanel({ session, verifier }: { session: string; verifier: Verifier }) {
  const { verification: v, pinned } = verifier;
  return (
    <>
      <div className={frame.section}>
        <h2 className={frame.sectionTitle}>Trusted keys</h2>
        {pinned === null && <p className={classes.text}>Load the trust file of the organisation. It stays in this browser, and every session is checked by it from then on.</p>}
        {pinned !== undefined && pinned !== null && <Pinned trust={pinned} />}
        <div className={classes.actions}>
          <FileButton accept="application/json,.json" onChange={load}>
            {(props) => (
              <Button {...props} size="xs" variant={pinned === null ? 'filled' : 'default'}>
                {pinned === null ? 'Load trust file…' : 'Load another…'}
              </Button>
            )}
          </FileButton>
          {pinned === null && v.phase !== 'done' && (
            <Button size="xs" variant="subtle" onClick={verifier.byStore} disabled={v.phase === 'running'}>
              Use this store’s keys
            </Button>
          )}
        </div>
      </div>
      <div className={frame.section}>
        <div className={classes.head}>
          <h2 className={frame.sectionTitle}>Verification</h2>
          {(v.phase === 'done' || v.phase === 'failed') && (
            <Button size="compact-xs" variant="subtle" leftSection={<IconRefresh size={13} />} onClick={pinned === null ? verifier.byStore : verifier.byPinned}>
              Again
            </Button>
          )}
        </div>
        {v.phase === 'idle' && (
          <p className={classes.text}>
            <IconShieldCheck size={15} aria-hidden style={{ verticalAlign: -3 }} /> Your browser checks every signature, hash and record itself, by the same code as the command line. Nothing is sent anywhere.
          </p>
        )}
        {v.phase === 'running' && (
          <p className={classes.text} role="status">
            <Loader size={14} aria-hidden style={{ verticalAlign: -2 }} /> Checking{v.records > 0 ? ` record ${formatCount(v.records)}` : ''}…
          </p>
        )}
        {v.phase === 'failed' && (
          <p className={classes.text} role="alert">
            The verifier could not run: {explain(v.error)}
          </p>
        )}
        {v.phase === 'done' && <Outcome report={v.report} trust={v.trust} session={session} />}
      </div>
    </>
  );
}
