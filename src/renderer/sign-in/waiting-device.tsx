/** The person is known, their device is not yet: what an administrator needs to approve it, and what can be done meanwhile. */
import { Button, Group, TextInput } from '@mantine/core';
import { IconCopy, IconDeviceLaptop, IconKey, IconRefresh } from '@tabler/icons-react';
import { useState } from 'react';
import type { AuthState, AwaitedDevice } from '../../contract/ipc/auth.ts';
import { asSentence, formatAgo } from '../../ui/format.ts';
import { api, ask } from '../api.ts';
import { useNow } from '../live.ts';
import { attempt, copyText } from '../notify.ts';
import { groupedId } from './fingerprint.ts';
import classes from './waiting.module.css';

type Props = { readonly state: AwaitedDevice; readonly onChange: (s: AuthState) => void };

function Code({ onChange }: { onChange: Props['onChange'] }) {
  const [open, setOpen] = useState(false);
  const [code, setCode] = useState('');
  if (!open) {
    return (
      <button type="button" className={classes.link} onClick={() => setOpen(true)}>
        <IconKey size={15} aria-hidden /> I was given a code
      </button>
    );
  }
  const use = () =>
    attempt('The code was not used', async () => {
      onChange(await ask(api.auth.useCode({ code })));
      setCode('');
    });
  return (
    <form
      className={classes.code}
      onSubmit={(e) => {
        e.preventDefault();
        use();
      }}
    >
      <TextInput autoFocus label="Code of an administrator" description="Works once, for one device" placeholder="spd_…" value={code} maxLength={100} onChange={(e) => setCode(e.currentTarget.value)} />
      <Button type="submit" variant="default" disabled={code.trim() === ''}>
        Use code
      </Button>
    </form>
  );
}

export function WaitingDevice({ state, onChange }: Props) {
  const now = useNow(5_000);
  const { look, deviceId, deviceName } = state;
  const command = `sallyport devices approve ${deviceId}`;
  return (
    <>
      <h1 className={classes.title}>Waiting for approval of this device</h1>
      <p className={classes.text}>
        You are signed in as <b>{state.name}</b> ({state.subject}). Your organisation’s store lets a new device in once an administrator has approved it. Until then nothing can be opened from here.
      </p>
      <div className={classes.card} role="group" aria-label="This device">
        <div className={classes.deviceHead}>
          <IconDeviceLaptop size={22} stroke={1.6} aria-hidden />
          <b>{deviceName}</b>
          <span>asked {formatAgo(state.sinceMs, now)}</span>
        </div>
        <div className={classes.label} id="fingerprint">
          Fingerprint, to compare with what the administrator sees
        </div>
        <code className={classes.fingerprint} aria-labelledby="fingerprint">
          {groupedId(deviceId)}
        </code>
        <div className={classes.command}>
          <code>{command}</code>
          <button type="button" className={classes.copy} aria-label="Copy the administrator’s command" onClick={() => copyText(command, 'Command copied')}>
            <IconCopy size={15} aria-hidden />
          </button>
        </div>
      </div>
      {state.keyProtection === 'memory' && <p className={classes.note}>This system offers no protected place for the device’s key, so it is kept in memory only: keep Sallyport running until it is approved, and expect to ask again after the next start.</p>}
      <div aria-live="polite" className={classes.look} data-tone={look.error === undefined ? undefined : 'deny'}>
        {look.error !== undefined ? asSentence(look.error) : look.lastMs === undefined ? 'Sallyport goes on by itself as soon as it is approved.' : `Not approved yet; looked ${formatAgo(look.lastMs, now)}. Sallyport goes on by itself.`}
      </div>
      <Group gap="sm">
        <Button size="md" loading={look.checking} leftSection={<IconRefresh size={17} />} onClick={() => attempt('Could not look again', async () => onChange(await ask(api.auth.retry())))}>
          Check again
        </Button>
        <Button variant="default" size="md" onClick={() => attempt('Could not cancel', async () => onChange(await ask(api.auth.cancel())))}>
          Cancel
        </Button>
        <Code onChange={onChange} />
      </Group>
    </>
  );
}
