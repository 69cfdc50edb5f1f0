/** Security events: what was overridden, what does not verify, what is missing; and who has looked into each. */
import { Button, SegmentedControl } from '@mantine/core';
import { IconRefresh, IconShieldCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { isSessionId } from '../../base/ids.ts';
import type { Me } from '../../contract/store/identity.ts';
import { securityEvent, securityEventList, type SecurityEventView } from '../../contract/store/notify.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { asSentence, formatTime, plural, shortDigest } from '../../ui/format.ts';
import { Pill, type Tone } from '../../ui/pill.tsx';
import { LoadingRows, ScreenHead } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask, queryText } from '../api/http.ts';
import { usePages } from '../api/use-pages.ts';
import { ConfirmDialog } from '../confirm.tsx';
import { Link } from '../link.tsx';
import { Failed } from '../ui.tsx';
import classes from './alarms.module.css';
import { lookForAlarms } from './open-alarms.ts';

const PAGE = 100;
const tones: Readonly<Record<SecurityEventView['severity'], Tone>> = { critical: 'deny', high: 'deny', medium: 'hold', low: 'neutral', informational: 'neutral' };

/** As the store has it: whoever caused an event does not close it. */
const isOwn = (e: SecurityEventView, me: Me): boolean => (e.device_id !== undefined || e.kind === 'emergency_stop') && e.by.iss === me.principal.iss && e.by.sub === me.principal.sub;

function About({ object, me }: { object: string; me: Me }) {
  const session = object.split('/').find((part) => isSessionId(part));
  // Administrators read no recordings: to them it is a name.
  if (session !== undefined && (me.roles.auditor || me.roles.privacy_officer)) return <Link to={{ page: 'session', id: session }}>{`session ${session}`}</Link>;
  return <>{session === undefined ? (object.startsWith('dev_') ? `device ${shortDigest(object)}` : object) : `session ${session}`}</>;
}

function Event({ event: e, me, onAcknowledge }: { event: SecurityEventView; me: Me; onAcknowledge: () => void }) {
  return (
    <li className={classes.event}>
      <div>
        <Pill size="xs" tone={tones[e.severity]}>
          {e.severity}
        </Pill>
      </div>
      <div className={classes.what}>
        <h2>{e.title}</h2>
        {e.detail !== '' && <p>{asSentence(e.detail)}</p>}
        <p className={classes.facts}>
          {formatTime(e.t_ms)} · <About object={e.object} me={me} /> · by {e.by.sub === '' ? 'the store' : e.by.name}
        </p>
        {e.acknowledged !== undefined && (
          <p className={classes.ack}>
            {e.acknowledged.by.name}, {formatTime(e.acknowledged.t_ms).slice(0, 16)}: “{e.acknowledged.note}”
          </p>
        )}
      </div>
      {e.acknowledged === undefined && !isOwn(e, me) && (
        <Button size="xs" variant="default" onClick={onAcknowledge}>
          Acknowledge…
        </Button>
      )}
      {e.acknowledged === undefined && isOwn(e, me) && <small className={classes.facts}>Somebody else closes this one</small>}
    </li>
  );
}

export function Alarms({ me }: { me: Me }) {
  const [scope, setScope] = useState<'open' | 'all'>('open');
  const [asking, setAsking] = useState<SecurityEventView>();
  const pages = usePages(scope, async (before: number | undefined, signal) => {
    const reply = await ask(securityEventList, `/v1/security-events${queryText({ open: String(scope === 'open'), before, limit: PAGE })}`, { signal });
    return { items: reply.events, next: reply.next_before };
  });
  const acknowledge = async (note: string): Promise<void> => {
    if (asking === undefined) return;
    await ask(securityEvent, `/v1/security-events/${asking.id}/acknowledge`, { method: 'POST', body: { note } });
    pages.again();
    await lookForAlarms();
  };
  return (
    <section className={frame.screen} aria-label="Security events">
      <ScreenHead title="Security events" sub={pages.loading ? 'Loading' : `${plural(pages.items.length, 'event')}${pages.next === undefined ? '' : ' and older ones'}${scope === 'open' ? ' wait for somebody to look into them' : ''}`}>
        <SegmentedControl
          size="sm"
          aria-label="Which events"
          value={scope}
          onChange={setScope}
          data={[
            { value: 'open', label: 'Open' },
            { value: 'all', label: 'All' },
          ]}
        />
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={pages.again}>
          Refresh
        </Button>
      </ScreenHead>
      {pages.loading && <LoadingRows />}
      {pages.error !== undefined && <Failed what="The security events could not be read" error={pages.error} onRetry={pages.again} />}
      {!pages.loading && pages.error === undefined && pages.items.length === 0 && (
        <EmptyState tone="allow" icon={<IconShieldCheck size={26} />} title={scope === 'open' ? 'Nothing waits' : 'Nothing has happened'}>
          Break-glass access, an emergency stop, evidence that does not verify, a session that is missing: each shows up here and stays until somebody has looked into it.
        </EmptyState>
      )}
      {pages.items.length > 0 && (
        <ul className={classes.list} aria-label="Security events" tabIndex={0}>
          {pages.items.map((e) => (
            <Event key={e.id} event={e} me={me} onAcknowledge={() => setAsking(e)} />
          ))}
          {pages.next !== undefined && (
            <li className={classes.more}>
              <Button size="xs" variant="subtle" loading={pages.more === 'loading'} onClick={pages.loadMore}>
                Older ones
              </Button>
            </li>
          )}
        </ul>
      )}
      <ConfirmDialog
        opened={asking !== undefined}
        onClose={() => setAsking(undefined)}
        title="Acknowledge this event"
        text={
          <p>
            <b>{asking?.title}.</b> You say that you have looked into it. Your name and what you write stay with the event.
          </p>
        }
        action="Acknowledge"
        reason="What you found"
        onConfirm={acknowledge}
      />
    </section>
  );
}
