import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'scripts/**/*.test.ts'],
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
  },
});
