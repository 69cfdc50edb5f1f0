/** The frame of a screen, and the pieces that many screens use. */
import { Button, Skeleton, Stack, Tooltip, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { EmptyState } from './empty-state.tsx';
import { shortDigest } from './format.ts';
import classes from './screen.module.css';

export function ScreenHead(props: { title: string; sub?: ReactNode; children?: ReactNode }) {
  return (
    <header className={classes.head}>
      <div className={classes.words}>
        <h1 className={classes.title}>{props.title}</h1>
        {props.sub !== undefined && <p className={classes.sub}>{props.sub}</p>}
      </div>
      <div className={classes.grow} />
      {props.children}
    </header>
  );
}

export function LoadingRows({ rows = 6 }: { rows?: number }) {
  return (
    <Stack gap={10} p="md" aria-label="Loading" aria-busy>
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} height={46} radius="md" />
      ))}
    </Stack>
  );
}

/** What could not be done, why, and the way to try again. */
export function FailedState({ what, why, onRetry }: { what: string; why: ReactNode; onRetry: () => void }) {
  return (
    <EmptyState tone="deny" icon={<IconAlertTriangle size={26} />} title={what} action={<Button onClick={onRetry}>Try again</Button>}>
      {why}
    </EmptyState>
  );
}

/** A digest or id: short on screen, whole in the tooltip and on the clipboard. */
export function CopyDigest({ value, label, onCopy }: { value: string; label: string; onCopy: (value: string) => void }) {
  return (
    <Tooltip label={value} maw={640}>
      <UnstyledButton className={classes.mono} aria-label={`Copy ${label}`} onClick={() => onCopy(value)}>
        {shortDigest(value)} <IconCopy size={12} aria-hidden style={{ verticalAlign: -1, opacity: 0.6 }} />
      </UnstyledButton>
    </Tooltip>
  );
}

export function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={classes.facts}>
      {rows.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
