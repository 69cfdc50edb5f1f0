/** How long this recording stays: its retention class, legal holds, and what was or is to be taken out of it. */
import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core';
import { IconEraser, IconGavel, IconLockOpen } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import { emptyReply } from '../../contract/store/common.ts';
import type { Me } from '../../contract/store/identity.ts';
import { redactionView, type RedactionView, retentionView } from '../../contract/store/retention.ts';
import { formatTime, plural } from '../../ui/format.ts';
import { Pill, type Tone } from '../../ui/pill.tsx';
import { Facts, LoadingRows } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import { attempt, copyText, tell } from '../notify.ts';
import { Failed } from '../ui.tsx';
import classes from './keeping.module.css';

const states: Readonly<Record<RedactionView['state'], { word: string; tone: Tone }>> = {
  proposed: { word: 'Waits for signatures', tone: 'hold' },
  signed: { word: 'Signed, being removed', tone: 'accent' },
  done: { word: 'Removed', tone: 'neutral' },
  withdrawn: { word: 'Withdrawn', tone: 'outline' },
};

/** A dialog that asks why: the answer ends in the trail. */
function ReasonDialog(props: { title: string; text: string; label: string; action: string; opened: boolean; onClose: () => void; onGive: (reason: string) => Promise<void> }) {
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const give = (): void => {
    setBusy(true);
    attempt(`${props.action}: it was not done`, async () => {
      try {
        await props.onGive(reason.trim());
        setReason('');
        props.onClose();
      } finally {
        setBusy(false);
      }
    });
  };
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.title} size="md">
      <form
        onSubmit={(e) => {
          e.preventDefault();
          give();
        }}
      >
        <Stack gap="sm">
          <p className={classes.text}>{props.text}</p>
          <TextInput label={props.label} required maxLength={1_000} data-autofocus value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={reason.trim() === ''}>
              {props.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function ProposeDialog({ session, record, opened, onClose, onDone }: { session: string; record: number | undefined; opened: boolean; onClose: () => void; onDone: () => void }) {
  const [n, setN] = useState('');
  const [field, setField] = useState('');
  const [basis, setBasis] = useState('');
  const [ticket, setTicket] = useState('');
  const [busy, setBusy] = useState(false);
  const number = n === '' ? record : Number(n);
  const good = number !== undefined && Number.isSafeInteger(number) && number >= 0 && basis.trim() !== '' && ticket.trim() !== '';
  const propose = (): void => {
    setBusy(true);
    attempt('The redaction was not proposed', async () => {
      try {
        await ask(redactionView, `/v1/recordings/${encodeURIComponent(session)}/redactions`, { method: 'POST', body: { items: [{ n: number, ...(field.trim() === '' ? {} : { field: field.trim() }) }], legal_basis: basis.trim(), ticket: ticket.trim() } });
        tell('Redaction proposed', 'It takes effect when the people who may redact have signed it.');
        onDone();
        onClose();
      } finally {
        setBusy(false);
      }
    });
  };
  return (
    <Modal opened={opened} onClose={onClose} title="Propose a redaction" size="md">
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (good) propose();
        }}
      >
        <Stack gap="sm">
          <p className={classes.text}>Content of a record is taken out for good; its digest stays, so the recording still verifies. It takes the signatures of two people, and the redaction itself becomes part of the evidence.</p>
          <Group grow align="flex-start">
            <TextInput label="Record" inputMode="numeric" placeholder={record === undefined ? '' : String(record)} value={n} onChange={(e) => setN(e.currentTarget.value)} data-autofocus />
            <TextInput label="Field" placeholder="all of its content" value={field} onChange={(e) => setField(e.currentTarget.value)} />
          </Group>
          <Textarea label="Legal basis" required minRows={2} autosize maxLength={1_000} value={basis} onChange={(e) => setBasis(e.currentTarget.value)} />
          <TextInput label="Ticket" required maxLength={255} value={ticket} onChange={(e) => setTicket(e.currentTarget.value)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={!good}>
              Propose
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Redaction({ redaction: r }: { redaction: RedactionView }) {
  const { word, tone } = states[r.state];
  const command = `sallyport recordings redact sign ${r.id}`;
  return (
    <li className={classes.redaction}>
      <div className={classes.line}>
        <b>{plural(r.items.length, 'content')}</b>
        <Pill size="xs" tone={tone}>
          {word}
        </Pill>
      </div>
      <p>
        {r.legal_basis} ({r.ticket})
      </p>
      <small>
        Records {[...new Set(r.items.map((i) => i.n))].slice(0, 8).join(', ')}
        {r.items.length > 8 ? ' …' : ''} · proposed by {r.proposed_by.name}, {formatTime(r.proposed_ms).slice(0, 16)}
      </small>
      {r.signed_by.map((s) => (
        <small key={`${s.iss} ${s.sub}`}>
          Signed by {s.name}, {formatTime(s.t_ms).slice(0, 16)}
        </small>
      ))}
      {r.may_sign && (
        <button type="button" className={classes.command} title="Copy: your device’s key signs, not the browser" onClick={() => copyText(command, 'Command copied')}>
          {command}
        </button>
      )}
    </li>
  );
}

export function Keeping({ session, record, me }: { session: string; record: number | undefined; me: Me }) {
  const load = useCallback((signal: AbortSignal) => ask(retentionView, `/v1/recordings/${encodeURIComponent(session)}/retention`, { signal }), [session]);
  const { loaded, reload } = useLoad(load);
  const [asking, setAsking] = useState<'hold' | 'release' | 'redact'>();
  if (loaded.state === 'loading') return <LoadingRows rows={4} />;
  if (loaded.state === 'failed') return <Failed what="The retention could not be read" error={loaded.error} onRetry={reload} />;
  const v = loaded.value;
  const hold = (method: 'PUT' | 'DELETE') => async (reason: string): Promise<void> => {
    await ask(emptyReply, `/v1/recordings/${encodeURIComponent(session)}/hold`, { method, body: { reason } });
    reload();
  };
  const close = (): void => setAsking(undefined);
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
        <ul className={classes.holds}>
          {v.redactions.map((r) => (
            <Redaction key={r.id} redaction={r} />
          ))}
        </ul>
        {(me.roles.privacy_officer || me.roles.security) && (
          <Button size="xs" variant="default" leftSection={<IconEraser size={15} aria-hidden />} disabled={v.held} onClick={() => setAsking('redact')}>
            Propose a redaction…
          </Button>
        )}
      </div>
      <ReasonDialog opened={asking === 'hold'} onClose={close} title="Place a legal hold" text="Nothing of this recording is deleted or redacted until the hold is released. Placing it is recorded." label="Reason, for example a case number" action="Place hold" onGive={hold('PUT')} />
      <ReasonDialog opened={asking === 'release'} onClose={close} title="Release the legal hold" text="The recording then follows its retention class again." label="Reason" action="Release hold" onGive={hold('DELETE')} />
      <ProposeDialog session={session} record={record} opened={asking === 'redact'} onClose={close} onDone={reload} />
    </>
  );
}
