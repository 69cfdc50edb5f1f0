/** How long this recording stays: its retention class, legal holds, and what was or is to be taken out of it. */
import { Button } from '@mantine/core';
import { IconGavel, IconLockOpen } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import { emptyReply } from '../../contract/store/common.ts';
import type { Me } from '../../contract/store/identity.ts';
import { type RedactionView, retentionView } from '../../contract/store/retention.ts';
import { formatTime, plural } from '../../ui/format.ts';
import { Pill } from '../../ui/pill.tsx';
import { Facts, LoadingRows } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import { ConfirmDialog } from '../confirm.tsx';
import { Link } from '../link.tsx';
import type { RecordingClient } from '../recording/client.ts';
import { nextStep, redactionStates } from '../redactions/words.ts';
import { Failed } from '../ui.tsx';
import classes from './keeping.module.css';
import { type Chosen, Redact } from './redact.tsx';

function Redaction({ redaction: r }: { redaction: RedactionView }) {
  const { word, tone } = redactionStates[r.state];
  return (
    <li>
      <div className={classes.line}>
        <Link to={{ page: 'redactions', id: r.id }}>{plural(r.items.length, 'content')}</Link>
        <Pill size="xs" tone={tone}>
          {r.may_sign ? 'Waits for you' : word}
        </Pill>
      </div>
      <p>
        {r.legal_basis} ({r.ticket})
      </p>
      <small>
        Requested by {r.proposed_by.name}, {formatTime(r.proposed_ms).slice(0, 16)}
      </small>
      <small>{nextStep(r)}</small>
    </li>
  );
}

interface Props {
  readonly session: string;
  /** Where the recording is loaded, and which records of it are on screen. */
  readonly loaded: { readonly client: RecordingClient; readonly numbers: readonly number[] } | undefined;
  /** The session runs: nothing of it can be redacted yet. */
  readonly isOpen: boolean;
  readonly me: Me;
  readonly chosen: readonly Chosen[];
  readonly onChoose: (chosen: readonly Chosen[]) => void;
}

export function Keeping({ session, loaded: recording, isOpen, me, chosen, onChoose }: Props) {
  const load = useCallback((signal: AbortSignal) => ask(retentionView, `/v1/recordings/${encodeURIComponent(session)}/retention`, { signal }), [session]);
  const { loaded, reload } = useLoad(load);
  const [asking, setAsking] = useState<'hold' | 'release'>();
  if (loaded.state === 'loading') return <LoadingRows rows={4} />;
  if (loaded.state === 'failed') return <Failed what="The retention could not be read" error={loaded.error} onRetry={reload} />;
  const v = loaded.value;
  const hold = (method: 'PUT' | 'DELETE') => async (reason: string): Promise<void> => {
    await ask(emptyReply, `/v1/recordings/${encodeURIComponent(session)}/hold`, { method, body: { reason } });
    reload();
  };
  const close = (): void => setAsking(undefined);
  const mayRedact = me.roles.privacy_officer || me.roles.security;
  return (
    <>
      <div className={frame.section}>
        <h2 className={frame.sectionTitle}>Retention</h2>
        <Facts
          rows={[
            ['Class', v.class ?? 'none yet'],
            ['Deleted', v.held ? 'not while it is held' : v.delete_after_ms === undefined ? 'never by the store itself' : `after ${formatTime(v.delete_after_ms).slice(0, 16)}`],
          ]}
        />
      </div>
      <div className={frame.section}>
        <h2 className={frame.sectionTitle}>Legal hold</h2>
        {v.held ? <Pill tone="hold">On hold</Pill> : <p className={classes.text}>Not on hold. A hold keeps the recording whole whatever its retention says: nothing of it is deleted or redacted.</p>}
        <ul className={classes.holds}>
          {v.holds.map((h) => (
            <li key={h.placed_ms}>
              <p>{h.reason}</p>
              <small>
                Placed by {h.placed_by.name}, {formatTime(h.placed_ms).slice(0, 16)}
              </small>
              {h.released_by !== undefined && (
                <small>
                  Released by {h.released_by.name}
                  {h.released_ms === undefined ? '' : `, ${formatTime(h.released_ms).slice(0, 16)}`}: {h.release_reason}
                </small>
              )}
            </li>
          ))}
        </ul>
        {me.roles.auditor && (
          <Button size="xs" variant="default" leftSection={v.held ? <IconLockOpen size={15} aria-hidden /> : <IconGavel size={15} aria-hidden />} onClick={() => setAsking(v.held ? 'release' : 'hold')}>
            {v.held ? 'Release the hold…' : 'Place a hold…'}
          </Button>
        )}
      </div>
      <div className={frame.section}>
        <h2 className={frame.sectionTitle}>Redactions</h2>
        {v.redactions.length === 0 && <p className={classes.text}>Nothing was taken out of this recording.</p>}
        <ul className={classes.holds} aria-label="Redactions">
          {v.redactions.map((r) => (
            <Redaction key={r.id} redaction={r} />
          ))}
        </ul>
        {mayRedact && v.held && <p className={classes.text}>Nothing can be redacted while the recording is on hold.</p>}
        {mayRedact && isOpen && <p className={classes.text}>The session still runs: it can be redacted when it has ended.</p>}
      </div>
      {mayRedact && !v.held && !isOpen && recording !== undefined && <Redact session={session} client={recording.client} numbers={recording.numbers} chosen={chosen} onChoose={onChoose} onDone={reload} />}
      <ConfirmDialog opened={asking === 'hold'} onClose={close} title="Place a legal hold" text="Nothing of this recording is deleted or redacted until the hold is released. Placing it is recorded." reason="Reason, for example a case number" action="Place hold" onConfirm={hold('PUT')} />
      <ConfirmDialog opened={asking === 'release'} onClose={close} title="Release the legal hold" text="The recording then follows its retention class again, and may be deleted by it." reason="Reason" action="Release hold" onConfirm={hold('DELETE')} />
    </>
  );
}
