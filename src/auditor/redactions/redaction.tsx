/** One redaction: exactly what is to go, why, who has signed, and how the next one signs. */
import { Button } from '@mantine/core';
import { IconArrowLeft, IconCopy } from '@tabler/icons-react';
import { useCallback, useEffect, useState } from 'react';
import type { Me } from '../../contract/store/identity.ts';
import { redactionView, type RedactionView } from '../../contract/store/retention.ts';
import { formatBytes, formatTime, plural, shortDigest } from '../../ui/format.ts';
import { Pill } from '../../ui/pill.tsx';
import { Facts, LoadingRows } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import { ConfirmDialog } from '../confirm.tsx';
import { Link } from '../link.tsx';
import { copyText, tell } from '../notify.ts';
import { Failed, personText } from '../ui.tsx';
import classes from './redactions.module.css';
import { byRecord, nextStep, redactionStates, signCommand } from './words.ts';

/** While somebody is still to sign, or the store is at work. */
const LOOK_AGAIN_MS = 5_000;

function Items({ redaction: r }: { redaction: RedactionView }) {
  return (
    <ul className={classes.items} aria-label="Contents to be removed">
      {byRecord(r.items).map(({ n, items }) => (
        <li key={n}>
          <Link to={{ page: 'session', id: r.session_id, n }}>Record {n}</Link>
          <ul>
            {items.map((i) => (
              <li key={i.field}>
                <b>{i.field}</b> <span>{formatBytes(i.len)}</span> <code title={i.digest}>{shortDigest(i.digest)}</code>
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

/** The key that signs is in the device of a person; what a browser could offer instead would prove nothing. */
export function HowToSign({ id }: { id: string }) {
  const command = signCommand(id);
  return (
    <div className={classes.how}>
      <p>A redaction is signed with the key of your enrolled device, which no browser holds. Compare the list, then run this on that device. It signs exactly this list, and prints it:</p>
      <button type="button" className={classes.command} onClick={() => copyText(command, 'Command copied')} aria-label="Copy the command">
        <code>{command}</code>
        <IconCopy size={14} aria-hidden />
      </button>
    </div>
  );
}

function Signatures({ redaction: r }: { redaction: RedactionView }) {
  return (
    <ol className={classes.people} aria-label="Signatures">
      <li>
        Requested by <b>{personText(r.proposed_by)}</b> <small>{formatTime(r.proposed_ms)}</small>
      </li>
      {r.signed_by.map((s) => (
        <li key={`${s.iss} ${s.sub}`} data-signed="">
          Signed by <b>{personText(s)}</b> <small>{formatTime(s.t_ms)}</small>
        </li>
      ))}
    </ol>
  );
}

export function Redaction({ id, me }: { id: string; me: Me }) {
  const load = useCallback((signal: AbortSignal) => ask(redactionView, `/v1/redactions/${encodeURIComponent(id)}`, { signal }), [id]);
  const { loaded, value: r, reload } = useLoad(load);
  const [asking, setAsking] = useState(false);
  const moving = r?.state === 'proposed' || r?.state === 'signed';
  useEffect(() => {
    if (!moving) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [moving, reload]);
  if (loaded.state === 'failed') return <Failed what="This redaction could not be read" error={loaded.error} onRetry={reload} />;
  if (r === undefined) return <LoadingRows />;
  const { word, tone } = redactionStates[r.state];
  const withdraw = async (): Promise<void> => {
    await ask(redactionView, `/v1/redactions/${encodeURIComponent(id)}/withdraw`, { method: 'POST' });
    tell('Redaction withdrawn');
    reload();
  };
  return (
    <section className={frame.screen} aria-label="Redaction">
      <header className={frame.head}>
        <Link to={{ page: 'redactions' }} className={classes.back} aria-label="All redactions">
          <IconArrowLeft size={16} aria-hidden />
        </Link>
        <div className={frame.words}>
          <h1 className={frame.title}>Redaction of {plural(r.items.length, 'content')}</h1>
          <p className={frame.sub} role="status">
            {nextStep(r)}
          </p>
        </div>
        <div className={frame.grow} />
        <Pill tone={tone}>{word}</Pill>
        {r.state === 'proposed' && (me.roles.privacy_officer || me.roles.security) && (
          <Button variant="default" onClick={() => setAsking(true)}>
            Withdraw…
          </Button>
        )}
      </header>
      <div className={classes.detail}>
        <div className={classes.column}>
          <h2 className={frame.sectionTitle}>Why</h2>
          <Facts
            rows={[
              ['Legal basis', r.legal_basis],
              ['Ticket', r.ticket],
              [
                'Session',
                me.roles.auditor || me.roles.privacy_officer ? (
                  <Link key="s" to={{ page: 'session', id: r.session_id }}>
                    {r.session_id}
                  </Link>
                ) : (
                  r.session_id
                ),
              ],
              ['Request', r.id],
            ]}
          />
          <h2 className={frame.sectionTitle}>Who</h2>
          <Signatures redaction={r} />
          {r.may_sign && <HowToSign id={r.id} />}
        </div>
        <div className={classes.column} tabIndex={0} role="region" aria-label="What is to go">
          <h2 className={frame.sectionTitle}>{r.state === 'done' ? 'What was removed' : 'What is to go'}</h2>
          <Items redaction={r} />
        </div>
      </div>
      <ConfirmDialog opened={asking} onClose={() => setAsking(false)} title="Withdraw this redaction" text="Nothing is taken out. Signatures that were given for it count for nothing any more." action="Withdraw" onConfirm={withdraw} />
    </section>
  );
}
