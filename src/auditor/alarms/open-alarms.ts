/** How many security events wait for somebody: for the mark in the navigation and the line above the pages. */
import { useEffect } from 'react';
import { OPEN_ALARMS_MAX, securityEventList, type SecurityEventView } from '../../contract/store/notify.ts';
import { createStore, useStore } from '../../ui/store.ts';
import { ask } from '../api/http.ts';

export interface OpenAlarms {
  readonly count: number;
  /** The newest of them. */
  readonly newest: SecurityEventView | undefined;
  readonly askedMs: number;
}

export const openAlarms = createStore<OpenAlarms>({ count: 0, newest: undefined, askedMs: 0 });

/** Each look is in the trail: not more often than this, unless something was done. */
const FRESH_MS = 60_000;

export async function lookForAlarms(): Promise<void> {
  const { events, open } = await ask(securityEventList, '/v1/security-events?open=true&limit=1');
  openAlarms.set({ count: open, newest: events[0], askedMs: Date.now() });
}

/** Looks when the page opens and when somebody goes to another one. @param at changes with the place */
export function useOpenAlarms(allowed: boolean, at: string): OpenAlarms {
  const known = useStore(openAlarms);
  useEffect(() => {
    // What cannot be asked now is asked at the next place; the page of the events itself says what is wrong.
    if (allowed && Date.now() - openAlarms.get().askedMs > FRESH_MS) lookForAlarms().catch(() => undefined);
  }, [allowed, at]);
  return known;
}

export const countText = (count: number): string => (count >= OPEN_ALARMS_MAX ? `${OPEN_ALARMS_MAX}+` : String(count));
