/**
 * Mode `command` without a terminal: `ssh HOST < script`. There is nobody to prompt, so the whole input is one text: it is
 * decided before any of it runs, and then sent as one exec, in which variables, functions and `cd` work as ever.
 */
import type { Readable } from 'node:stream';
import { shellLimits } from '../../../policy/shell/limits.ts';
import { pump } from '../output.ts';

/** UTF-8 takes at most three bytes for a UTF-16 unit. */
const MAX_BYTES = 3 * shellLimits.textChars;

/**
 * Reads to the end of the input.
 * @returns the text, with U+FFFD for what is not UTF-8; undefined when it is longer than any that is decided
 */
export async function readScript(client: Readable, gone: AbortSignal): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const enough = new AbortController();
  await pump(
    client,
    (chunk): undefined => {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) enough.abort();
      else chunks.push(chunk);
    },
    AbortSignal.any([gone, enough.signal]),
  );
  const text = Buffer.concat(chunks).toString('utf8');
  return bytes > MAX_BYTES || text.length > shellLimits.textChars ? undefined : text;
}
