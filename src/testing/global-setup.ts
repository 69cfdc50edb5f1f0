/** Vitest runs `setup` once, before all test files. */
export { ensureStoreTemplate as setup } from './store-template.ts';
