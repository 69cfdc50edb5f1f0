/** The frame of a screen, and the pieces that many screens use. */
import { Button, Skeleton, Stack, Tooltip, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { EmptyState } from '../ui/empty-state.tsx';
import { shortDigest } from '../ui/format.ts';
import { explain } from './api.ts';
import { copyText } from './notify.ts';
import classes from './screen.module.css';

export function ScreenHead(props: { title: string; sub?: ReactNode; children?: ReactNode }) {
  return (
    <header className={classes.head}>
      <div>
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

export function Failed({ what, error, onRetry }: { what: string; error: unknown; onRetry: () => void }) {
  const { message, fix } = explain(error);
  return (
    <EmptyState tone="deny" icon={<IconAlertTriangle size={26} />} title={what} action={<Button onClick={onRetry}>Try again</Button>}>
      {message} {fix}
    </EmptyState>
  );
}

/** A digest or id: short on screen, whole in the tooltip and on the clipboard. */
export function Digest({ value, label }: { value: string; label: string }) {
  return (
    <Tooltip label={value} maw={640}>
      <UnstyledButton className={classes.mono} aria-label={`Copy ${label}`} onClick={() => copyText(value, `${label} copied`)}>
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
