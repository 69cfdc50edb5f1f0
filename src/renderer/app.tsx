/** Signed in or not; nothing of the app exists before that question is answered. */
import { Loader, useMantineColorScheme, VisuallyHidden } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Component, useCallback, useEffect } from 'react';
import type { ReactNode } from 'react';
import { EmptyState } from '../ui/empty-state.tsx';
import { api, ask } from './api.ts';
import { useLive } from './live.ts';
import { Failed } from './screen.tsx';
import { Shell } from './shell/shell.tsx';
import { SignIn } from './sign-in/sign-in.tsx';

/** A screen that fails to draw says so; the proxy, the recordings and the other windows are not touched by it. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }
  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <EmptyState tone="deny" icon={<IconAlertTriangle size={26} />} title="This window could not be drawn" action={<button onClick={() => window.location.reload()}>Load again</button>}>
        Your sessions and recordings go on. Load the window again; if it happens twice, send the log to your administrator.
      </EmptyState>
    );
  }
}

const centre = { display: 'grid', placeItems: 'center', height: '100%' } as const;

export function App() {
  const loadAuth = useCallback(() => api.auth.state(), []);
  const loadSettings = useCallback(() => api.settings.get(), []);
  const auth = useLive(loadAuth, api.auth.onStateChanged);
  const settings = useLive(loadSettings, api.settings.onChanged);
  const { setColorScheme } = useMantineColorScheme();
  const theme = settings.value?.theme;
  const drawn = auth.loaded.state !== 'loading' && settings.loaded.state !== 'loading';
  useEffect(() => {
    if (theme !== undefined) setColorScheme(theme === 'system' ? 'auto' : theme);
  }, [theme, setColorScheme]);
  useEffect(() => {
    if (drawn) ask(api.app.ready()).catch(() => undefined);
  }, [drawn]);
  const failed = auth.loaded.state === 'failed' ? auth.loaded : settings.loaded.state === 'failed' ? settings.loaded : undefined;
  if (failed !== undefined) {
    const retry = () => {
      auth.reload();
      settings.reload();
    };
    return (
      <main style={centre}>
        <VisuallyHidden component="h1">Sallyport</VisuallyHidden>
        <Failed what={auth.loaded.state === 'failed' ? 'Sallyport could not start' : 'The settings could not be read'} error={failed.error} onRetry={retry} />
      </main>
    );
  }
  if (auth.value === undefined || settings.value === undefined) {
    return (
      <div style={centre}>
        <Loader aria-label="Starting" />
      </div>
    );
  }
  if (auth.value.phase !== 'signed_in') return <SignIn state={auth.value} onChange={auth.replace} />;
  return <Shell auth={auth.value} settings={settings.value} />;
}
