export * from './bytes.ts';
export * from './clock.ts';
export * from './encoding.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './jcs.ts';
export * from './limits.ts';
