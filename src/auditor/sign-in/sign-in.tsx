/** The door: the organisation's identity provider, through the store. */
import { Button, Loader, Stack } from '@mantine/core';
import { IconFileCertificate, IconHistory, IconLogin2, IconSearch, IconShieldCheck } from '@tabler/icons-react';
import { useCallback } from 'react';
import { infoReply } from '../../contract/store/identity.ts';
import { Mark } from '../../ui/mark.tsx';
import { ask, explain, queryText } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import classes from './sign-in.module.css';

const promises = [
  { icon: IconSearch, title: 'Find it by a word', text: 'Every statement, by person, target, table, data class and decision.' },
  { icon: IconHistory, title: 'See what they saw', text: 'Replay a session step by step, with masked values masked.' },
  { icon: IconShieldCheck, title: 'Trust nobody', text: 'Your browser verifies every signature and hash itself.' },
  { icon: IconFileCertificate, title: 'Hand over one file', text: 'An outsider verifies it with public keys, years later and offline.' },
] as const;

function Ways() {
  const load = useCallback((signal: AbortSignal) => ask(infoReply, '/v1/info', { signal }), []);
  const { loaded, reload } = useLoad(load);
  if (loaded.state === 'loading') return <Loader aria-label="Loading" />;
  if (loaded.state === 'failed') {
    return (
      <>
        <div className={classes.error} role="alert">
          {explain(loaded.error)}
        </div>
        <Button variant="default" onClick={reload}>
          Try again
        </Button>
      </>
    );
  }
  const { signin, organisation } = loaded.value;
  const back = window.location.pathname + window.location.search;
  return (
    <>
      <Stack gap={10} maw={360}>
        {signin.map((way, i) => (
          <Button key={way.id} component="a" href={`/auth/login${queryText({ issuer: way.id, return_to: back })}`} size="md" variant={i === 0 ? 'filled' : 'default'} leftSection={<IconLogin2 size={18} aria-hidden />} justify="flex-start">
            Continue with {way.name}
          </Button>
        ))}
        {signin.length === 0 && <p className={classes.text}>No identity provider is configured. The operator of the store adds one under “issuers”.</p>}
      </Stack>
      <p className={classes.foot}>
        Store of {organisation} · {window.location.host}
      </p>
    </>
  );
}

export function SignIn() {
  return (
    <main className={classes.root}>
      <div className={classes.form}>
        <div className={classes.brand}>
          <Mark size={32} /> Sallyport
        </div>
        <h1 className={classes.title}>Sign in to the evidence</h1>
        <p className={classes.text}>Who did what, when, and what they saw. What you look at here is recorded too.</p>
        <Ways />
      </div>
      <div className={classes.art} role="region" aria-label="What this is for">
        <svg width="520" height="520" viewBox="0 0 32 32" aria-hidden className={classes.gate}>
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
