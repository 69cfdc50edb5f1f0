/** Choosing what is to be taken out of a recording: contents of the step on screen, gathered over steps, then requested. */
import { Button, Checkbox, Group, Stack, Textarea, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { redactionView, type RedactionView } from '../../contract/store/retention.ts';
import { plural } from '../../ui/format.ts';
import frame from '../../ui/screen.module.css';
import { ask } from '../api/http.ts';
import { attempt, tell } from '../notify.ts';
import type { RecordingClient } from '../recording/client.ts';
import type { Content } from '../recording/protocol.ts';
import { byRecord } from '../redactions/words.ts';
import classes from './keeping.module.css';

export interface Chosen {
  readonly n: number;
  readonly field: string;
}

const same = (a: Chosen, b: Chosen): boolean => a.n === b.n && a.field === b.field;

/** Contents of the records on screen; undefined while they are on their way. */
function useContents(client: RecordingClient, numbers: readonly number[]): readonly Content[] | undefined {
  const [answer, setAnswer] = useState<{ readonly to: string; readonly contents: readonly Content[] }>();
  const to = numbers.join(',');
  useEffect(() => {
    let current = true;
    client.contents(to === '' ? [] : to.split(',').map(Number)).then(
      (contents) => {
        if (current) setAnswer({ to, contents });
      },
      () => {
        if (current) setAnswer({ to, contents: [] });
      },
    );
    return () => {
      current = false;
    };
  }, [client, to]);
  return answer?.to === to ? answer.contents : undefined;
}

function Choices({ contents, chosen, onChange }: { contents: readonly Content[]; chosen: readonly Chosen[]; onChange: (chosen: readonly Chosen[]) => void }) {
  if (contents.length === 0) return <p className={classes.text}>The step on screen holds no content.</p>;
  return (
    <Stack gap={6} role="group" aria-label="Contents of the step on screen">
      {contents.map((c) => {
        const isChosen = chosen.some((x) => same(x, c));
        return (
          <Checkbox
            key={`${c.n} ${c.field}`}
            size="xs"
            disabled={c.text === undefined}
            checked={isChosen}
            onChange={() => onChange(isChosen ? chosen.filter((x) => !same(x, c)) : [...chosen, { n: c.n, field: c.field }])}
            label={`Record ${c.n}, ${c.field}`}
            description={c.text === undefined ? 'is not there' : <span className={classes.preview}>{c.text}</span>}
          />
        );
      })}
    </Stack>
  );
}

function Request({ session, chosen, onDone }: { session: string; chosen: readonly Chosen[]; onDone: (made: RedactionView) => void }) {
  const [basis, setBasis] = useState('');
  const [ticket, setTicket] = useState('');
  const [busy, setBusy] = useState(false);
  const isWhole = basis.trim() !== '' && ticket.trim() !== '';
  const request = (): void => {
    setBusy(true);
    attempt('The redaction was not requested', async () => {
      try {
        const made = await ask(redactionView, `/v1/recordings/${encodeURIComponent(session)}/redactions`, { method: 'POST', body: { items: chosen, legal_basis: basis.trim(), ticket: ticket.trim() } });
        tell('Redaction requested', 'It takes effect when two people have signed it.');
        onDone(made);
      } finally {
        setBusy(false);
      }
    });
  };
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        if (isWhole) request();
      }}
    >
      <Stack gap="xs">
        <Textarea size="xs" label="Legal basis" required minRows={2} autosize maxLength={1_000} value={basis} onChange={(e) => setBasis(e.currentTarget.value)} />
        <TextInput size="xs" label="Ticket" required maxLength={255} value={ticket} onChange={(e) => setTicket(e.currentTarget.value)} />
        <Button type="submit" size="xs" loading={busy} disabled={!isWhole}>
          Request redaction of {plural(chosen.length, 'content')}
        </Button>
      </Stack>
    </form>
  );
}

interface Props {
  readonly session: string;
  readonly client: RecordingClient;
  /** Records of the step on screen. */
  readonly numbers: readonly number[];
  readonly chosen: readonly Chosen[];
  readonly onChoose: (chosen: readonly Chosen[]) => void;
  readonly onDone: () => void;
}

export function Redact({ session, client, numbers, chosen, onChoose, onDone }: Props) {
  const contents = useContents(client, numbers);
  return (
    <div className={frame.section}>
      <h2 className={frame.sectionTitle}>Redact content</h2>
      <p className={classes.text}>Go to the step that shows it and mark what is to go. Several steps can be gathered into one request. What two people have signed is taken out for good; its digest stays, so the recording still verifies.</p>
      <div className={classes.choices}>{contents !== undefined && <Choices contents={contents} chosen={chosen} onChange={onChoose} />}</div>
      {chosen.length > 0 && (
        <div className={classes.request}>
          <Group justify="space-between" gap="xs" mb={6}>
            <b>{plural(chosen.length, 'content')} marked</b>
            <Button size="compact-xs" variant="subtle" onClick={() => onChoose([])}>
              Clear
            </Button>
          </Group>
          <p className={classes.text}>{byRecord(chosen).map(({ n, items }) => `record ${n}: ${items.map((i) => i.field).join(', ')}`).join(' · ')}</p>
          <Request
            session={session}
            chosen={chosen}
            onDone={() => {
              onChoose([]);
              onDone();
            }}
          />
        </div>
      )}
    </div>
  );
}
