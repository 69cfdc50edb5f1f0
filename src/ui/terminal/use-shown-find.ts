/** Find in a terminal session: in its steps, and on its screens. */
import { useEffect, useMemo, useState } from 'react';
import { stepHas, type Step } from '../timeline.ts';
import { eventText } from '../event-text.ts';
import type { Found, TapeAccess } from './tape.ts';

const ASK_AFTER_MS = 180;
const MAX_STEPS = 500;

export interface Match {
  readonly n: number;
  readonly tMs: number;
  readonly text: string;
  /** Undefined for a step. */
  readonly channel: number | undefined;
}

export interface ShownFind {
  readonly text: string;
  readonly setText: (text: string) => void;
  /** In lower case. */
  readonly needle: string;
  readonly matches: readonly Match[];
  /** The screens are still being looked at. */
  readonly busy: boolean;
  readonly cut: boolean;
}

function textOf(step: Step): string {
  if (step.kind === 'event') return eventText(step.record);
  const [first] = step.kind === 'request' ? step.requests : [];
  return first === undefined ? '' : eventText(first);
}

const nothing: Found = { hits: [], cut: false };

/** @param access keeps its identity */
export function useShownFind(steps: readonly Step[], access: TapeAccess): ShownFind {
  const [text, setText] = useState('');
  const [answer, setAnswer] = useState<{ readonly to: string; readonly found: Found }>({ to: '', found: nothing });
  const needle = text.trim().toLowerCase();
  useEffect(() => {
    if (needle === '') return undefined;
    const stop = new AbortController();
    const give = (found: Found): void => {
      if (!stop.signal.aborted) setAnswer({ to: needle, found });
    };
    const timer = setTimeout(() => void access.findShown(needle, stop.signal).then(give, () => give(nothing)), ASK_AFTER_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [needle, access]);
  const inSteps = useMemo(() => (needle === '' ? [] : steps.filter((s) => stepHas(s, needle)).slice(0, MAX_STEPS)), [needle, steps]);
  const done = answer.to === needle;
  const matches = useMemo(() => {
    const ofSteps = inSteps.map((s): Match => ({ n: s.first, tMs: s.tMs, text: textOf(s), channel: undefined }));
    return needle === '' ? [] : [...ofSteps, ...(done ? answer.found.hits : [])].sort((a, b) => a.tMs - b.tMs || a.n - b.n);
  }, [needle, inSteps, answer, done]);
  return { text, setText, needle, matches, busy: needle !== '' && !done, cut: done && answer.found.cut };
}
