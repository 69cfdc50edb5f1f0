/** Entry of the auditor's pages. */
import './no-eval.ts';
import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '../ui/global.css';
import './page.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { createRoot } from 'react-dom/client';
import { styleNonce } from '../ui/nonce.ts';
import { cssVariablesResolver, theme } from '../ui/theme.ts';
import { App, Boundary } from './app.tsx';
import { followHistory } from './place.ts';
import toasts from './toasts.module.css';

// Libraries that add <style> tags by themselves look for the nonce here.
Object.assign(globalThis, { __webpack_nonce__: styleNonce });

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
followHistory();
createRoot(root).render(
  <MantineProvider theme={theme} cssVariablesResolver={cssVariablesResolver} defaultColorScheme="auto" getStyleNonce={() => styleNonce}>
    <Notifications position="bottom-left" limit={3} containerWidth={192} classNames={{ root: toasts.root, notification: toasts.one }} />
    <Boundary>
      <App />
    </Boundary>
  </MantineProvider>,
);
