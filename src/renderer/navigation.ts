/** Which screen is on the glass. */
import { createStore } from '../ui/store.ts';

export const screens = ['connections', 'workbench', 'terminal', 'approvals', 'sessions', 'policy', 'settings'] as const;
export type Screen = (typeof screens)[number];

export interface Place {
  readonly screen: Screen;
  /** Id of what is open on the screen: an approval, a session. */
  readonly item?: string;
}

export const place = createStore<Place>({ screen: 'connections' });

export const goTo = (screen: Screen, item?: string): void => place.set(item === undefined ? { screen } : { screen, item });
