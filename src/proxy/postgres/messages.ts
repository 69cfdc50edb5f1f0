/** Errors, notices and notifications of the server, with values taken out (promise 3: text is data too). */
import { maskText, REDACTED, type MaskContext } from '../../policy/mask/index.ts';
import type { MaskPlan } from '../../policy/types.ts';
import { decodeNoticeFields, encodeNoticeFields, noticeField, type NoticeField } from '../../wire/postgres/index.ts';

/** Fields that hold text made from data. The rest are codes, positions, source lines and names of objects. */
const TEXT_FIELDS = new Set(['M', 'D', 'H', 'W', 'q']);

export interface MaskedMessage {
  readonly bytes: Buffer;
  readonly code: string;
  readonly message: string;
  readonly severity: string;
}

/** Classes of errors that quote names of objects. A name may come from a value: a cast to regclass looks it up. */
const NAMES_OBJECTS = /^(?:42|3[DF]|2F|0A)/;

/**
 * Quoted names stay readable where the server points at a place in the statement: they stand there. Without a place
 * they may have been made from data.
 */
function mayQuoteData(fields: readonly NoticeField[]): boolean {
  return NAMES_OBJECTS.test(noticeField(fields, 'code') ?? '') && !fields.some((f) => f.kind === 'P');
}

/** Text that a function of somebody's own put into it (RAISE and its like in other languages), not the server. */
const isRaised = (fields: readonly NoticeField[]): boolean =>
  noticeField(fields, 'routine') === 'exec_stmt_raise' || /^(?:plperl|plpy|pltcl|plv8)/.test(noticeField(fields, 'file') ?? '');

/** What RAISE can set besides the text: names of a column, a constraint, a type, a table and a schema. */
const NAME_FIELDS = new Set(['c', 'n', 'd', 't', 's']);
const OWN_TEXT = new Set(['M', 'D', 'H']);

/** From the first quotation mark to the last. */
const hideQuoted = (text: string): string => text.replace(/["„“”«»‚‘’‹›「」『』'][^]*["„“”«»‚‘’‹›「」『』']/, '"<redacted>"');

/** @throws MalformedError for a body that does not decode. */
export function maskMessage(type: 'error' | 'notice', body: Buffer, scrub: boolean, unmasked: readonly string[], context: MaskContext): MaskedMessage {
  const plan: MaskPlan = { columns: 'detect_all', unmasked, scrubMessages: scrub };
  const received = decodeNoticeFields(body);
  const isHidden = scrub && mayQuoteData(received);
  const raised = scrub && isRaised(received);
  const masked = (f: NoticeField): NoticeField => {
    // A tree that debug_print_plan shows spells out every constant in it, byte by byte.
    if (scrub && f.kind === 'D' && f.value.includes(':constvalue ')) return { kind: f.kind, value: REDACTED };
    if (raised && OWN_TEXT.has(f.kind)) return { kind: f.kind, value: REDACTED };
    return TEXT_FIELDS.has(f.kind) ? { kind: f.kind, value: maskText(isHidden ? hideQuoted(f.value) : f.value, plan, context).text } : f;
  };
  const fields = received.filter((f) => !(raised && NAME_FIELDS.has(f.kind))).map(masked);
  return {
    bytes: encodeNoticeFields(type, fields),
    code: noticeField(fields, 'code') ?? '',
    message: [noticeField(fields, 'message'), noticeField(fields, 'detail')].filter((x) => x !== undefined).join(' '),
    severity: noticeField(fields, 'severityNonLocalized') ?? noticeField(fields, 'severity') ?? '',
  };
}
