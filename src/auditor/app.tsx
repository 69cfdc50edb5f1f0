/** Signed in or not, and which screen. */
import { Button, Loader } from '@mantine/core';
import { IconAlertTriangle, IconLock } from '@tabler/icons-react';
import { Component, lazy, Suspense, useCallback } from 'react';
import type { ReactNode } from 'react';
import { meReply, type Me } from '../contract/store/identity.ts';
import { EmptyState } from '../ui/empty-state.tsx';
import { FailedState } from '../ui/screen.tsx';
import { useStore } from '../ui/store.ts';
import { ask, explain, RequestError } from './api/http.ts';
import { signedOut } from './api/signed-out.ts';
import { useLoad } from './api/use-load.ts';
import type { Place } from './place.ts';
import { place } from './place.ts';
import { Search } from './search/search.tsx';
import { homeOf, mayOpen } from './shell/pages.ts';
import { Shell } from './shell/shell.tsx';
import { SignIn } from './sign-in/sign-in.tsx';

const Session = lazy(() => import('./session/session.tsx').then((m) => ({ default: m.Session })));
const Reports = lazy(() => import('./reports/reports.tsx').then((m) => ({ default: m.Reports })));
const Alarms = lazy(() => import('./alarms/alarms.tsx').then((m) => ({ default: m.Alarms })));
const Redactions = lazy(() => import('./redactions/redactions.tsx').then((m) => ({ default: m.Redactions })));
const Devices = lazy(() => import('./admin/devices.tsx').then((m) => ({ default: m.Devices })));
const SignIns = lazy(() => import('./admin/sign-ins.tsx').then((m) => ({ default: m.SignIns })));
const Services = lazy(() => import('./admin/services.tsx').then((m) => ({ default: m.Services })));
const Activity = lazy(() => import('./activity/activity.tsx').then((m) => ({ default: m.Activity })));

/** A screen that fails to draw says so. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }
  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main style={centre}>
        <EmptyState tone="deny" icon={<IconAlertTriangle size={26} />} title="This page could not be drawn" action={<Button onClick={() => window.location.reload()}>Load again</Button>}>
          Nothing is lost: the evidence lies in the store. If the store was updated in the meantime, loading the page again helps.
        </EmptyState>
      </main>
    );
  }
}

const centre = { display: 'grid', placeItems: 'center', height: '100%' } as const;
const waiting = (
  <div style={centre}>
    <Loader aria-label="Loading" />
  </div>
);

function Screen({ at: asked, me }: { at: Place; me: Me }) {
  // Who cannot search begins with what there is for them.
  const at = asked.page === 'search' && !mayOpen('search', me.roles) ? homeOf(me.roles) : asked;
  if (!mayOpen(at.page, me.roles)) {
    return (
      <EmptyState icon={<IconLock size={26} />} title="This page is for others">
        Your roles do not allow what it shows. Who has them comes from the groups of your sign-in.
      </EmptyState>
    );
  }
  switch (at.page) {
    case 'search':
      return <Search filters={at.filters} />;
    case 'session':
      return <Session key={at.id} id={at.id} n={at.n} me={me} />;
    case 'reports':
      return <Reports at={at} />;
    case 'activity':
      return <Activity />;
    case 'alarms':
      return <Alarms me={me} />;
    case 'redactions':
      return <Redactions key={at.id ?? ''} id={at.id} me={me} />;
    case 'devices':
      return <Devices me={me} />;
    case 'sign-ins':
      return <SignIns person={at.person} />;
    case 'services':
      return <Services />;
    case 'nowhere':
      return (
        <EmptyState icon={<IconLock size={26} />} title="There is no such page">
          The address may have been cut. <a href="/">Go to search</a>
        </EmptyState>
      );
  }
}

const loadMe = (signal: AbortSignal): Promise<Me | undefined> =>
  ask(meReply, '/v1/me', { signal, asksWho: true }).catch((error: unknown) => {
    if (error instanceof RequestError && error.code === 'unauthenticated') return undefined;
    throw error;
  });

function SignedIn() {
  const at = useStore(place);
  const load = useCallback((signal: AbortSignal) => loadMe(signal), []);
  const { loaded, reload } = useLoad(load);
  switch (loaded.state) {
    case 'loading':
      return waiting;
    case 'failed':
      return (
        <main style={centre}>
          <FailedState what="This page could not be loaded" why={explain(loaded.error)} onRetry={reload} />
        </main>
      );
    case 'ready':
      if (loaded.value === undefined) return <SignIn />;
      return (
        <Shell me={loaded.value} at={at}>
          <Suspense fallback={waiting}>
            <Screen at={at} me={loaded.value} />
          </Suspense>
        </Shell>
      );
  }
}

/** When the store says that nobody is signed in any more, everything is asked again. */
export function App() {
  const round = useStore(signedOut);
  return <SignedIn key={round} />;
}
