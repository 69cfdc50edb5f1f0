/** The door. */
import { Button, Group } from '@mantine/core';
import { IconEyeOff, IconHandStop, IconLogin2, IconShieldCheck, IconWritingSign } from '@tabler/icons-react';
import type { AuthState } from '../../contract/ipc/auth.ts';
import { api, ask } from '../api.ts';
import { asSentence } from '../../ui/format.ts';
import { Mark } from '../../ui/mark.tsx';
import { attempt } from '../notify.ts';
import { WaitingDevice } from './waiting-device.tsx';
import { WaitingPolicy } from './waiting-policy.tsx';
import classes from './sign-in.module.css';

type OutState = Exclude<AuthState, { phase: 'signed_in' }>;

function Waiting({ state, onChange }: { state: Extract<AuthState, { phase: 'signing_in' }>; onChange: (s: AuthState) => void }) {
  return (
    <>
      <h1 className={classes.title}>Finish in your {state.where === 'browser' ? 'browser' : 'sign-in window'}</h1>
      <p className={classes.text}>
        {state.where === 'browser' ? 'We opened your organisation’s sign-in page in the system browser.' : 'We opened your organisation’s sign-in page in a window of its own.'} Come back here when it says you are done.
      </p>
      {state.verificationCode !== undefined && (
        <>
          <p className={classes.text} style={{ marginBottom: 8 }}>
            The page must show this code:
          </p>
          <div className={classes.code}>{state.verificationCode}</div>
        </>
      )}
      <Group>
        <Button loading size="md" aria-label="Waiting for the sign-in">
          Waiting
        </Button>
        <Button variant="default" size="md" onClick={() => attempt('Could not cancel', async () => onChange(await ask(api.auth.cancel())))}>
          Cancel
        </Button>
      </Group>
    </>
  );
}

function Start({ state, onChange }: { state: Extract<AuthState, { phase: 'signed_out' }>; onChange: (s: AuthState) => void }) {
  return (
    <>
      <h1 className={classes.title}>Sign in to reach your systems</h1>
      <p className={classes.text}>Sallyport uses your organisation’s identity. It never asks for the password of a database or host, and never shows one.</p>
      {state.message !== undefined && (
        <div className={classes.error} role="alert">
          {asSentence(state.message)}
        </div>
      )}
      <div>
        <Button size="md" leftSection={<IconLogin2 size={18} />} autoFocus onClick={() => attempt('Sign-in did not start', async () => onChange(await ask(api.auth.signIn())))}>
          Sign in with your organisation
        </Button>
      </div>
      {state.storeUrl !== undefined && <p className={classes.foot}>Store: {state.storeUrl}</p>}
    </>
  );
}

function Step({ state, onChange }: { state: OutState; onChange: (s: AuthState) => void }) {
  switch (state.phase) {
    case 'signed_out':
      return <Start state={state} onChange={onChange} />;
    case 'signing_in':
      return <Waiting state={state} onChange={onChange} />;
    case 'device_waiting':
      return <WaitingDevice state={state} onChange={onChange} />;
    case 'policy_waiting':
      return <WaitingPolicy state={state} onChange={onChange} />;
  }
}

const promises = [
  { icon: IconShieldCheck, title: 'Decided before it runs', text: 'Every statement is checked against signed policy, and you see the answer while you type.' },
  { icon: IconEyeOff, title: 'Sensitive data stays masked', text: 'E-mails, cards and keys never reach your screen or the recording in clear.' },
  { icon: IconHandStop, title: 'Risky work gets a second pair of eyes', text: 'A colleague approves exactly those bytes, once.' },
  { icon: IconWritingSign, title: 'A record that proves itself', text: 'Anyone with the public keys can verify it, years later and offline.' },
] as const;

export function SignIn({ state, onChange }: { state: OutState; onChange: (s: AuthState) => void }) {
  return (
    <main className={classes.root}>
      <div className={classes.form}>
        <div className={classes.brand}>
          <Mark size={32} /> Sallyport
        </div>
        <Step state={state} onChange={onChange} />
      </div>
      <div className={classes.art} role="region" aria-label="What Sallyport does">
        <svg className="gate" width="520" height="520" viewBox="0 0 32 32" aria-hidden style={{ position: 'absolute', right: -70, bottom: -60, opacity: 0.1 }}>
          <path d="M3 29V14.5a13 13 0 0 1 26 0V29M8 29V15a8 8 0 0 1 16 0v14M13 29V15.5a3 3 0 0 1 6 0V29M3 29h26M3 20h5M24 20h5M3 24.5h5M24 24.5h5" fill="none" stroke="#fff" strokeWidth="0.7" />
        </svg>
        {promises.map(({ icon: Icon, title, text }) => (
          <div key={title} className={classes.promise}>
            <Icon stroke={1.6} aria-hidden />
            <b>{title}</b>
            <span>{text}</span>
          </div>
        ))}
      </div>
    </main>
  );
}
