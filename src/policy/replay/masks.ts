/** Masks in recorded text: which there are, and which masked values were equal to each other. */
import { maskTokenSpans } from '../mask/token.ts';

/** A masked uuid (RFC 9562 section 5.8, see mask/token.ts). */
const UUID_TOKENS = /6d736b5f-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/gi;
/** Every mask that is no token has three of them in a row. */
const STARS = '***';

/** All tokens of a text in order. */
export const tokensIn = (text: string): string[] => [...maskTokenSpans(text).map((s) => text.slice(s.start, s.end)), ...(text.match(UUID_TOKENS) ?? [])];

/** Something of the text was masked, or looks as if it had been. */
export const looksMasked = (text: string): boolean => text.includes(STARS) || tokensIn(text).length > 0;

const classOf = (token: string): string => (token.startsWith('msk_') ? token.slice(0, token.lastIndexOf('_')) : 'uuid');

/** The text with each token replaced by its class: what can be equal in two sessions, whose tokens have different keys. */
export function shapeOf(text: string): string {
  let out = '';
  let from = 0;
  for (const { start, end } of maskTokenSpans(text)) {
    out += `${text.slice(from, start)}<${classOf(text.slice(start, end))}>`;
    from = end;
  }
  return (out + text.slice(from)).replaceAll(UUID_TOKENS, '<msk_uuid>');
}

/**
 * Tokens are the same for the same value within one session, and say nothing across two. So the tokens of a recording
 * and those of its replay must belong together one to one, over the whole of both.
 */
export class TokenPairs {
  readonly #now = new Map<string, string>();
  readonly #then = new Map<string, string>();

  /** What is wrong with taking these two for the same value; undefined when nothing is. */
  pair(then: string, now: string): string | undefined {
    const [now0, then0] = [this.#now.get(then), this.#then.get(now)];
    if (now0 === undefined && then0 === undefined) {
      this.#now.set(then, now);
      this.#then.set(now, then);
      return undefined;
    }
    if (now0 === now) return undefined;
    return now0 === undefined ? `the masked value ${then} was another one than ${then0 ?? ''} then and is the same now` : `the masked value ${then} was the same as before then and is another one now`;
  }
}
