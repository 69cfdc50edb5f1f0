/** Masking of byte streams: terminals and the output of commands. */
export { StreamMasker, type StreamMaskerOptions } from './stream-masker.ts';
export { oneKey } from './echo.ts';
