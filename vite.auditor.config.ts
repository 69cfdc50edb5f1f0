import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The auditor's pages. Served by the store under a strict CSP: nothing inline, nothing remote. */
export default defineConfig({
  root: fileURLToPath(new URL('src/auditor', import.meta.url)),
  base: '/',
  plugins: [react()],
  publicDir: false,
  // Its package.json names a module that it does not have.
  resolve: { alias: { '@xterm/headless': fileURLToPath(new URL('node_modules/@xterm/headless/lib-headless/xterm-headless.js', import.meta.url)) } },
  worker: { format: 'es' },
  build: {
    outDir: fileURLToPath(new URL('dist/auditor', import.meta.url)),
    emptyOutDir: true,
    // WebCrypto with Ed25519 is what the verifier needs: Chrome 137, Firefox 129, Safari 17.
    target: ['chrome137', 'firefox129', 'safari17'],
    // data: URLs would need a hole in the CSP.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1_500,
    reportCompressedSize: false,
  },
});
