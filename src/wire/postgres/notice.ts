/**
 * ErrorResponse and NoticeResponse: (Byte1 field | String value)* | Byte1 0. Documentation section 54.8.
 * Fields keep their order, and kinds that this version does not know are kept.
 */
import { ByteReader } from '../../base/bytes.ts';
import { MalformedError } from '../../base/errors.ts';
import { HEADER_BYTES, backendType } from './protocol.ts';
import { byteOf, frame } from './writer.ts';

/** `kind` is the field's letter: S V C M D H P p q W s t c d n F L R. */
export interface NoticeField {
  readonly kind: string;
  readonly value: string;
}

export const noticeFieldKind = {
  severity: 'S',
  /** Never translated. */
  severityNonLocalized: 'V',
  code: 'C',
  message: 'M',
  detail: 'D',
  hint: 'H',
  position: 'P',
  internalPosition: 'p',
  internalQuery: 'q',
  where: 'W',
  schema: 's',
  table: 't',
  column: 'c',
  dataType: 'd',
  constraint: 'n',
  file: 'F',
  line: 'L',
  routine: 'R',
} as const;

/** A server may report in its own locale before the session's encoding is settled; bytes that are not UTF-8 become U+FFFD. */
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

/** The body of ErrorResponse or NoticeResponse. @throws MalformedError, also for a kind that is given twice. */
export function decodeNoticeFields(body: Buffer): NoticeField[] {
  const r = new ByteReader<Buffer>(body, HEADER_BYTES);
  const fields: NoticeField[] = [];
  const seen = new Set<string>();
  for (;;) {
    const at = r.offset;
    const byte = r.u8();
    if (byte === 0) break;
    const kind = String.fromCharCode(byte);
    if (byte > 0x7f) throw new MalformedError('malformed.value', `field kind ${byte}`, at);
    if (seen.has(kind)) throw new MalformedError('malformed.value', `field ${JSON.stringify(kind)} is given twice`, at);
    seen.add(kind);
    fields.push({ kind, value: lenient.decode(r.cstring()) });
  }
  r.end();
  return fields;
}

/** The value of a field, if it is there. */
export function noticeField(fields: readonly NoticeField[], name: keyof typeof noticeFieldKind): string | undefined {
  const kind = noticeFieldKind[name];
  return fields.find((field) => field.kind === kind)?.value;
}

export interface Notice {
  /** ERROR, FATAL, PANIC; WARNING, NOTICE, DEBUG, INFO, LOG. */
  readonly severity: string;
  /** SQLSTATE: five digits or capitals. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly position?: string | undefined;
  readonly where?: string | undefined;
}

function fieldsOf(notice: Notice): NoticeField[] {
  const names = ['code', 'message', 'detail', 'hint', 'position', 'where'] as const;
  const rest = names.flatMap((name) => {
    const value = notice[name];
    return value === undefined ? [] : [{ kind: noticeFieldKind[name], value: value.replaceAll('\0', ' ') }];
  });
  return [{ kind: 'S', value: notice.severity }, { kind: 'V', value: notice.severity }, ...rest];
}

/** The whole list as it is to be sent: for messages of the server whose text was masked. @throws MalformedError for a NUL in a value. */
export function encodeNoticeFields(type: 'error' | 'notice', fields: readonly NoticeField[]): Buffer {
  return frame(type === 'error' ? backendType.ErrorResponse : backendType.NoticeResponse, (w) => {
    for (const field of fields) w.u8(byteOf(field.kind)).cstring(field.value);
    w.u8(0);
  });
}

/** A NUL inside a text would end it early and is sent as a space. */
export const encodeErrorResponse = (error: Notice): Buffer => encodeNoticeFields('error', fieldsOf(error));

export const encodeNotice = (notice: Notice): Buffer => encodeNoticeFields('notice', fieldsOf(notice));
