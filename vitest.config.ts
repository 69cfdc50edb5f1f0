import { defineConfig } from 'vitest/config';

const servers = 'src/**/*.int.test.ts';

export default defineConfig({
  test: {
    testTimeout: 180_000,
    hookTimeout: 180_000,
    globalSetup: ['src/testing/global-setup.ts'],
    pool: 'forks',
    // Most tests end before V8's optimised WebAssembly of the parser and the databases would pay for its making.
    execArgv: ['--liftoff-only'],
    // The tests with real servers wait a quarter of their time.
    maxWorkers: 3,
    retry: 0,
    allowOnly: false,
    projects: [
      // One process takes many of these files: half of their time would be the loading of what they import.
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'scripts/**/*.test.ts'], exclude: [servers, '**/node_modules/**'], isolate: false } },
      { extends: true, test: { name: 'servers', include: [servers] } },
    ],
  },
});
