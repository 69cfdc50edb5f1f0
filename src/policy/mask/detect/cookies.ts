/** Values of cookies that sign somebody in, in the header fields Cookie and Set-Cookie (RFC 6265 section 4). */
import { RE2JS } from 're2js';
import type { Hit } from './ids.ts';
import { each } from './locate.ts';

const FIELD = RE2JS.compile('(?i)\\bcookie["\']?[ \\t]{0,8}[:=][ \\t]{0,8}["\']?([^\\r\\n"\']{8,})');
/** What their names are made of; a cookie of a language or a theme has none of these. */
const SIGNS_IN = /sess|sid$|^sid|auth|token|csrf|xsrf|jwt|remember|login|logged_in|identity|credential|secret/i;
const SHORTEST_VALUE = 8;

export function findCookies(text: string, hits: Hit[]): void {
  if (!/cookie["']?\s{0,8}[:=]/i.test(text)) return;
  each(FIELD, text, (start, end) => {
    for (let at = start; at < end; ) {
      const semicolon = text.indexOf(';', at);
      const next = semicolon < 0 || semicolon > end ? end : semicolon;
      const sign = text.indexOf('=', at);
      if (sign > at && sign < next && SIGNS_IN.test(text.slice(at, sign).trim())) {
        // What stands behind a blank belongs to the line that the field was printed in.
        const value = /^[^\s,;]*/.exec(text.slice(sign + 1, next))?.[0] ?? '';
        if (value.length >= SHORTEST_VALUE) hits.push({ start: sign + 1, end: sign + 1 + value.length, detector: 'secret' });
      }
      at = next + 1;
    }
  }, 1);
}
