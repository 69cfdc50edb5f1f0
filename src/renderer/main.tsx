/** Entry of the window. */
import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import '../ui/global.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { createRoot } from 'react-dom/client';
import { cssVariablesResolver, theme } from '../ui/theme.ts';
import { App, Boundary } from './app.tsx';
import { styleNonce } from '../ui/nonce.ts';
import { listenToWorkbench } from './workbench/workbench-store.ts';

// Libraries that add <style> tags by themselves look for the nonce here.
Object.assign(globalThis, { __webpack_nonce__: styleNonce });

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
listenToWorkbench();
createRoot(root).render(
  <MantineProvider theme={theme} cssVariablesResolver={cssVariablesResolver} defaultColorScheme="auto" getStyleNonce={() => styleNonce}>
    <Notifications position="bottom-right" limit={4} containerWidth={380} />
    <Boundary>
      <App />
    </Boundary>
  </MantineProvider>,
);
