import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The app's window. Served by main's `app://sallyport` protocol under a strict CSP: nothing inline, nothing remote. */
export default defineConfig({
  root: fileURLToPath(new URL('src/renderer', import.meta.url)),
  base: './',
  plugins: [react()],
  publicDir: false,
  // Its package.json names a module that it does not have.
  resolve: { alias: { '@xterm/headless': fileURLToPath(new URL('node_modules/@xterm/headless/lib-headless/xterm-headless.js', import.meta.url)) } },
  build: {
    outDir: fileURLToPath(new URL('dist/renderer', import.meta.url)),
    emptyOutDir: true,
    target: 'chrome130',
    // data: URLs would need a hole in the CSP.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1_500,
    reportCompressedSize: false,
  },
});
