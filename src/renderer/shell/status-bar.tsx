/** Always visible: who I am, whether I am recorded, where the recordings are, which policy decides. */
import { Tooltip } from '@mantine/core';
import { IconCloudCheck, IconCloudOff, IconCloudUp, IconShieldCheck, IconShieldOff, IconUser } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { AppStatus } from '../../contract/ipc/app.ts';
import { formatBytes, formatTime, plural } from '../../ui/format.ts';
import { goTo } from '../navigation.ts';
import { policyView } from './policy-view.ts';
import classes from './shell.module.css';

export interface SpoolView {
  readonly tone: 'allow' | 'hold' | undefined;
  readonly text: string;
  readonly help: string;
}

/** What the status bar says about the spool. Pure. */
export function spoolView(spool: AppStatus['spool']): SpoolView {
  const waiting = `${plural(spool.pendingChunks, 'chunk')}, ${formatBytes(spool.sizeBytes)}`;
  switch (spool.state) {
    case 'idle':
      return spool.pendingChunks === 0
        ? { tone: 'allow', text: 'All uploaded', help: 'Every recording is in the store, with a signed receipt.' }
        : { tone: undefined, text: `${waiting} waiting`, help: 'The next upload starts in a moment.' };
    case 'uploading':
      return { tone: undefined, text: spool.pendingChunks === 0 ? 'Uploading…' : `Uploading ${waiting}`, help: 'Recordings are on their way to the store.' };
    case 'offline':
      return {
        tone: 'hold',
        text: `Store offline · ${formatBytes(spool.sizeBytes)} kept here`,
        help: `${spool.lastError ?? 'The store does not answer.'} Work goes on until ${formatBytes(spool.limitBytes)} are kept; nothing is lost.`,
      };
  }
}

const spoolIcons = { idle: IconCloudCheck, uploading: IconCloudUp, offline: IconCloudOff } as const;

function Piece(props: { help: string; tone?: string | undefined; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={props.help}>
      <button type="button" data-tone={props.tone} onClick={props.onClick}>
        {props.children}
      </button>
    </Tooltip>
  );
}

export function StatusBar({ status, demo }: { status: AppStatus | undefined; demo: boolean }) {
  if (status === undefined) return <footer className={classes.status} aria-label="Status" />;
  const { identity, recording, policy } = status;
  const spool = spoolView(status.spool);
  const SpoolIcon = spoolIcons[status.spool.state];
  const shield = policyView(policy);
  return (
    <footer className={classes.status} aria-label="Status">
      <Piece help={identity === null ? 'Not signed in' : `${identity.subject}, until ${formatTime(identity.expiresMs)}`} onClick={() => goTo('settings')}>
        <IconUser size={14} aria-hidden />
        <b>{identity?.name ?? 'Not signed in'}</b>
      </Piece>
      <Piece help={recording.state === 'recording' ? 'Everything that runs through Sallyport is being recorded.' : 'No session is open, so nothing is being recorded.'} onClick={() => goTo('sessions')}>
        <span className={classes.rec} data-idle={recording.state === 'idle' ? '' : undefined} aria-hidden />
        {recording.state === 'recording' ? <b>{`Recording ${plural(recording.sessions, 'session')}`}</b> : 'Not recording'}
      </Piece>
      <Piece help={spool.help} tone={spool.tone} onClick={() => goTo('sessions')}>
        <SpoolIcon size={15} aria-hidden />
        {spool.text}
      </Piece>
      <span className={classes.grow} />
      {demo && (
        <Piece help="Started on generated data with a development sign-in. Nothing here is real." tone="hold" onClick={() => goTo('settings')}>
          Demonstration
        </Piece>
      )}
      <Piece help={shield.help} tone={shield.tone} onClick={() => goTo('policy')}>
        {shield.tone === 'deny' ? <IconShieldOff size={15} aria-hidden /> : <IconShieldCheck size={15} aria-hidden />}
        {shield.text}
      </Piece>
    </footer>
  );
}
