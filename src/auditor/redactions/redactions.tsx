/** Requests to take content out of recordings for good, and how they stand. */
import { Button, SegmentedControl } from '@mantine/core';
import { IconEraser, IconRefresh } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import type { Me } from '../../contract/store/identity.ts';
import { redactionList, type RedactionView } from '../../contract/store/retention.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatTime, plural } from '../../ui/format.ts';
import { Pill } from '../../ui/pill.tsx';
import { LoadingRows, ScreenHead } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask, queryText } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import { Link } from '../link.tsx';
import { Failed } from '../ui.tsx';
import { Redaction } from './redaction.tsx';
import classes from './redactions.module.css';
import { redactionStates } from './words.ts';

function Row({ redaction: r }: { redaction: RedactionView }) {
  const { word, tone } = redactionStates[r.state];
  return (
    <li>
      <Link to={{ page: 'redactions', id: r.id }} className={classes.row}>
        <span className={classes.what}>
          <b>{plural(r.items.length, 'content')}</b> of session {r.session_id.slice(0, 8)}… · {r.legal_basis} ({r.ticket})
        </span>
        <Pill size="xs" tone={tone}>
          {r.may_sign ? 'Waits for you' : word}
        </Pill>
        <small>
          Requested by {r.proposed_by.name}, {formatTime(r.proposed_ms).slice(0, 16)}
          {r.signed_by.length > 0 && ` · signed by ${r.signed_by.map((s) => s.name).join(' and ')}`}
        </small>
      </Link>
    </li>
  );
}

function List() {
  const [scope, setScope] = useState<'proposed' | 'all'>('proposed');
  const load = useCallback((signal: AbortSignal) => ask(redactionList, `/v1/redactions${queryText({ state: scope === 'proposed' ? 'proposed' : undefined })}`, { signal }), [scope]);
  const { loaded, value, reload } = useLoad(load);
  return (
    <section className={frame.screen} aria-label="Redactions">
      <ScreenHead title="Redactions" sub="Content that two people take out of recordings for good">
        <SegmentedControl
          size="sm"
          aria-label="Which redactions"
          value={scope}
          onChange={setScope}
          data={[
            { value: 'proposed', label: 'Waiting' },
            { value: 'all', label: 'All' },
          ]}
        />
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={reload}>
          Refresh
        </Button>
      </ScreenHead>
      {loaded.state === 'loading' && <LoadingRows />}
      {loaded.state === 'failed' && <Failed what="The redactions could not be read" error={loaded.error} onRetry={reload} />}
      {value?.redactions.length === 0 && (
        <EmptyState icon={<IconEraser size={26} />} title={scope === 'proposed' ? 'Nothing waits' : 'Nothing was redacted'}>
          A privacy officer finds the content in a session and requests its removal there, under Keeping; somebody of security signs it too.
        </EmptyState>
      )}
      {value !== undefined && value.redactions.length > 0 && (
        <ul className={classes.list} aria-label="Redactions" tabIndex={0}>
          {value.redactions.map((r) => (
            <Row key={r.id} redaction={r} />
          ))}
        </ul>
      )}
    </section>
  );
}

export function Redactions({ id, me }: { id: string | undefined; me: Me }) {
  return id === undefined ? <List /> : <Redaction id={id} me={me} />;
}
