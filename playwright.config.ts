import { defineConfig } from '@playwright/test';

/** E2e on real Electron: one window at a time, no second chances. scripts/test.mjs gives the display and the runtime. */
export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.e2e.ts',
  outputDir: 'artifacts/e2e',
  workers: 1,
  retries: 0,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
});
