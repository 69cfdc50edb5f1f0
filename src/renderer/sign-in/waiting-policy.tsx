/** Person and device are known, and there is no policy that verifies: why, what was told to trust, and the way to look again. */
import { Button, Group } from '@mantine/core';
import { IconRefresh, IconShieldOff } from '@tabler/icons-react';
import type { AuthState, AwaitedPolicy } from '../../contract/ipc/auth.ts';
import { asSentence, formatAgo } from '../../ui/format.ts';
import { api, ask } from '../api.ts';
import { useNow } from '../live.ts';
import { attempt } from '../notify.ts';
import { Digest, Facts } from '../screen.tsx';
import classes from './waiting.module.css';

export function WaitingPolicy({ state, onChange }: { state: AwaitedPolicy; onChange: (s: AuthState) => void }) {
  const now = useNow(5_000);
  const { look } = state;
  return (
    <>
      <h1 className={classes.title}>{state.refused ? 'The policy could not be verified' : 'There is no policy to decide by yet'}</h1>
      <p className={classes.text}>
        You are signed in as <b>{state.name}</b>. Every statement is decided by your organisation’s signed policy; without one that verifies nothing can be opened.
      </p>
      <div className={classes.problem} data-tone={state.refused ? 'deny' : 'hold'} role="alert">
        <IconShieldOff size={18} aria-hidden />
        <span>{asSentence(state.why)}</span>
      </div>
      <div className={classes.card} role="group" aria-label="What this device trusts">
        <Facts
          rows={[
            ['Trusted root', <Digest key="r" value={state.rootSha256} label="Digest of the trusted root" />],
            ['Ring', state.ring],
            ['Last look', look.lastMs === undefined ? 'not yet' : formatAgo(look.lastMs, now)],
          ]}
        />
      </div>
      <p className={classes.look} aria-live="polite">
        {state.refused ? 'Tell security, and give them the digest above. ' : ''}Sallyport looks again by itself, and goes on as soon as it has one.
      </p>
      <Group gap="sm">
        <Button size="md" loading={look.checking} leftSection={<IconRefresh size={17} />} onClick={() => attempt('Could not look again', async () => onChange(await ask(api.auth.retry())))}>
          Check again
        </Button>
        <Button variant="default" size="md" onClick={() => attempt('Could not cancel', async () => onChange(await ask(api.auth.cancel())))}>
          Sign out
        </Button>
      </Group>
    </>
  );
}
