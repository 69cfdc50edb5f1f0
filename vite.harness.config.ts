import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The same views on a fake `window.sallyport`, for looking at screens without Electron. Never part of the product. */
export default defineConfig({
  root: fileURLToPath(new URL('src', import.meta.url)),
  base: './',
  plugins: [react()],
  publicDir: false,
  // Its package.json names a module that it does not have.
  resolve: { alias: { '@xterm/headless': fileURLToPath(new URL('node_modules/@xterm/headless/lib-headless/xterm-headless.js', import.meta.url)) } },
  build: {
    outDir: fileURLToPath(new URL('.cache/harness', import.meta.url)),
    emptyOutDir: true,
    target: 'chrome130',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1_500,
    reportCompressedSize: false,
    rolldownOptions: { input: fileURLToPath(new URL('src/testing/harness.html', import.meta.url)) },
  },
});
