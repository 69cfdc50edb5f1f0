/** Small coloured words: outcomes, labels, verdicts, states. Colour never stands alone: each has an icon or a word. */
import { IconAlertTriangle, IconCheck, IconCircleDashed, IconHandStop, IconRefreshAlert, IconShieldCheck, IconShieldX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Effect } from '../contract/ipc/common.ts';
import type { Verdict } from '../contract/ipc/sessions.ts';
import classes from './pill.module.css';

export type Tone = 'allow' | 'hold' | 'deny' | 'mask' | 'accent' | 'neutral' | 'outline';

export function Pill(props: { tone?: Tone; size?: 'xs' | 'sm'; icon?: ReactNode; mono?: boolean; title?: string; children: ReactNode }) {
  return (
    <span className={classes.pill} data-tone={props.tone ?? 'neutral'} data-size={props.size ?? 'sm'} title={props.title}>
      {props.icon}
      <span className={props.mono === true ? classes.mono : undefined}>{props.children}</span>
    </span>
  );
}

const effects = {
  allow: { word: 'Allow', past: 'Allowed', icon: IconCheck },
  hold: { word: 'Hold', past: 'Held', icon: IconHandStop },
  deny: { word: 'Deny', past: 'Denied', icon: IconShieldX },
} as const;

export const effectIcon = (effect: Effect) => effects[effect].icon;

/** `tense` tells a forecast ("Hold") from what happened ("Held"). */
export function EffectPill({ effect, tense = 'future', size = 'sm' }: { effect: Effect; tense?: 'future' | 'past'; size?: 'xs' | 'sm' }) {
  const { word, past, icon: Icon } = effects[effect];
  return (
    <Pill tone={effect} size={size} icon={<Icon size={13} stroke={2.2} aria-hidden />}>
      {tense === 'past' ? past : word}
    </Pill>
  );
}

const verdicts = {
  PASS: { word: 'Verified', tone: 'allow', icon: IconShieldCheck },
  PASS_REDACTED: { word: 'Verified, redacted', tone: 'allow', icon: IconShieldCheck },
  RECOVERED: { word: 'Recovered', tone: 'hold', icon: IconRefreshAlert },
  OPEN: { word: 'Still open', tone: 'accent', icon: IconCircleDashed },
  FAIL: { word: 'Does not verify', tone: 'deny', icon: IconAlertTriangle },
} as const;

export function VerdictPill({ verdict }: { verdict: Verdict | null }) {
  if (verdict === null) return <Pill tone="outline">Not checked</Pill>;
  const { word, tone, icon: Icon } = verdicts[verdict];
  return (
    <Pill tone={tone} icon={<Icon size={13} stroke={2.2} aria-hidden />}>
      {word}
    </Pill>
  );
}

const isProd = (key: string, value: string): boolean => key === 'env' && /^prod/i.test(value);

/** True for connections where a mistake hurts. The whole app shows these in the colour of danger. */
export const isProduction = (labels: Readonly<Record<string, string>>): boolean => Object.entries(labels).some(([k, v]) => isProd(k, v));

export function Labels({ labels, size = 'sm' }: { labels: Readonly<Record<string, string>>; size?: 'xs' | 'sm' }) {
  return Object.entries(labels).map(([key, value]) => (
    <Pill key={key} size={size} tone={isProd(key, value) ? 'deny' : 'neutral'} icon={isProd(key, value) ? <IconAlertTriangle size={12} stroke={2.2} aria-hidden /> : undefined}>
      <span className={classes.key}>{key}=</span>
      {value}
    </Pill>
  ));
}
