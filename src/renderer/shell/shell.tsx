/** The frame of the signed-in app: navigation, the screen, the status bar. */
import { openSpotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import type { AppCommand } from '../../contract/ipc/app.ts';
import type { AuthState } from '../../contract/ipc/auth.ts';
import type { Settings as SettingsValues } from '../../contract/ipc/settings.ts';
import { api } from '../api.ts';
import { Approvals } from '../approvals/approvals.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Connections } from '../connections/connections.tsx';
import { useLive } from '../live.ts';
import type { Place } from '../navigation.ts';
import { goTo, place } from '../navigation.ts';
import { nextTab } from '../next-tab.ts';
import { tell } from '../notify.ts';
import { Policy } from '../policy/policy.tsx';
import { Sessions } from '../sessions/sessions.tsx';
import { Settings } from '../settings/settings.tsx';
import { useStore } from '../../ui/store.ts';
import { otherTerminal, tabCommand } from '../terminal/open-terminal.ts';
import { Workbench } from '../workbench/workbench.tsx';
import { closeTab, openTab, workbench } from '../workbench/workbench-store.ts';
import { destinations } from './destinations.ts';
import { Palette } from './palette.tsx';
import classes from './shell.module.css';
import { PolicyBanner } from './policy-banner.tsx';
import { StatusBar } from './status-bar.tsx';

/** Loaded when it is first shown: the terminal library is large. */
const TerminalScreen = lazy(async () => ({ default: (await import('../terminal/terminal.tsx')).TerminalScreen }));

type SignedIn = Extract<AuthState, { phase: 'signed_in' }>;

function runCommand({ command }: AppCommand): void {
  if ((command === 'new_tab' || command === 'close_tab') && place.get().screen === 'terminal') {
    tabCommand(command);
    return;
  }
  const { active, tabs } = workbench.get();
  const tab = tabs.find((t) => t.session.tabId === active);
  switch (command) {
    case 'palette':
      openSpotlight();
      break;
    case 'new_tab':
      if (tab === undefined) goTo('connections');
      else openTab(tab.session.connection);
      break;
    case 'close_tab':
      if (tab !== undefined) closeTab(tab.session.tabId);
      break;
    default:
      goTo(command);
  }
}

function otherTab(step: 1 | -1): void {
  const { screen } = place.get();
  if (screen === 'terminal') otherTerminal(step);
  if (screen === 'workbench') workbench.set((s) => ({ ...s, active: nextTab(s.tabs.map((t) => t.session.tabId), s.active, step) ?? s.active }));
}

function onKey(event: KeyboardEvent): void {
  if (event.key === 'Tab' && event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    otherTab(event.shiftKey ? -1 : 1);
    return;
  }
  if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  const target = destinations[Number(event.key) - 1];
  if (target === undefined) return;
  event.preventDefault();
  goTo(target.screen);
}

function Nav({ at, pending }: { at: Place; pending: number }) {
  return (
    <nav className={classes.nav} aria-label="Main">
      <div className={classes.brand}>
        <Mark /> Sallyport
      </div>
      <button type="button" className={classes.find} onClick={openSpotlight} aria-label="Open the command palette">
        <IconSearch size={15} aria-hidden />
        <span>Search</span>
        <kbd>Ctrl K</kbd>
      </button>
      {destinations.map(({ screen, label, icon: Icon }) => (
        <button
          key={screen}
          type="button"
          className={classes.item}
          aria-current={at.screen === screen ? 'page' : undefined}
          onClick={() => goTo(screen)}
          style={screen === 'settings' ? { marginTop: 'auto' } : undefined}
        >
          <Icon size={18} stroke={1.7} aria-hidden />
          <span>{label}</span>
          {screen === 'approvals' && pending > 0 && (
            <span className={classes.count} aria-label={`${pending} waiting`}>
              {pending}
            </span>
          )}
        </button>
      ))}
    </nav>
  );
}

function ScreenOf({ at, settings, auth }: { at: Place; settings: SettingsValues; auth: SignedIn }) {
  switch (at.screen) {
    case 'connections':
      return <Connections />;
    case 'approvals':
      return <Approvals item={at.item} />;
    case 'sessions':
      return <Sessions item={at.item} />;
    case 'policy':
      return <Policy />;
    case 'settings':
      return <Settings settings={settings} auth={auth} />;
    case 'workbench':
    case 'terminal':
      return null;
  }
}

export function Shell({ auth, settings }: { auth: SignedIn; settings: SettingsValues }) {
  const at = useStore(place);
  const loadStatus = useCallback(() => api.app.status(), []);
  const loadInfo = useCallback(() => api.app.info(), []);
  const status = useLive(loadStatus, api.app.onStatusChanged);
  const info = useLive(loadInfo);
  const [terminalSeen, setTerminalSeen] = useState(false);
  if (at.screen === 'terminal' && !terminalSeen) setTerminalSeen(true);
  useEffect(() => {
    const stops = [api.app.onCommand(runCommand), api.app.onMessage((m) => tell(m.title, m.message, m.level))];
    window.addEventListener('keydown', onKey);
    return () => {
      for (const stop of stops) stop();
      window.removeEventListener('keydown', onKey);
    };
  }, []);
  return (
    <div className={classes.root}>
      <Nav at={at} pending={status.value?.pendingApprovals ?? 0} />
      <main className={classes.main}>
        <PolicyBanner problem={status.value?.policy?.problem} screen={at.screen} />
        {/* Workbench and terminals stay mounted: editors, scroll positions and results are a person's work. */}
        <div className={at.screen === 'workbench' ? classes.shown : classes.hidden}>
          <Workbench settings={settings} />
        </div>
        {terminalSeen && (
          <div className={at.screen === 'terminal' ? classes.shown : classes.hidden}>
            <Suspense>
              <TerminalScreen settings={settings} />
            </Suspense>
          </div>
        )}
        {at.screen !== 'workbench' && at.screen !== 'terminal' && (
          <div className={classes.shown}>
            <ScreenOf at={at} settings={settings} auth={auth} />
          </div>
        )}
      </main>
      <StatusBar status={status.value} demo={info.value?.demo ?? false} />
      <Palette settings={settings} />
    </div>
  );
}
