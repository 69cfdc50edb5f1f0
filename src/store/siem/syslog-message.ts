/** RFC 5424 messages that carry one event as JSON, framed by octet counting (RFC 5425 section 4.3, RFC 6587 section 3.4.1). Pure. */
import { z } from 'zod';

/** Facility 13, log audit (RFC 5424 section 6.2.1). */
const FACILITY = 13;
/** OCSF severity_id to syslog severity: Critical 2, High 3, Medium 4, Low 5, Informational 6. */
const severityOf: Readonly<Record<number, number>> = { 1: 6, 2: 5, 3: 4, 4: 3, 5: 2, 6: 1 };

const head = z.looseObject({
  class_uid: z.number(),
  severity_id: z.number(),
  time: z.number(),
  metadata: z.looseObject({}),
  query_info: z.looseObject({ query_string: z.string() }).optional(),
  entity: z.looseObject({ data: z.looseObject({ statement: z.string().optional() }).optional() }).optional(),
});

/** PRINTUSASCII without spaces, as HOSTNAME and MSGID must be. */
const plain = (text: string, max: number): string => text.replace(/[^\x21-\x7e]/g, '-').slice(0, max) || '-';

/**
 * @param body the event as JSON text
 * @param maxBytes longer messages have the statement cut; what is still too long goes as it is
 */
export function syslogFrame(body: string, o: { readonly hostname: string; readonly maxBytes: number }): Buffer {
  const event = head.parse(JSON.parse(body));
  const pri = FACILITY * 8 + (severityOf[event.severity_id] ?? 5);
  const prefix = `<${pri}>1 ${new Date(event.time).toISOString()} ${plain(o.hostname, 255)} sallyport - OCSF-${event.class_uid} - `;
  const room = o.maxBytes - prefix.length;
  const text = Buffer.byteLength(body) <= room ? body : shortened(event, room);
  const message = Buffer.from(prefix + text);
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** The same event with its statement cut until it fits. */
function shortened(event: z.output<typeof head>, room: number): string {
  const sql = event.query_info?.query_string ?? event.entity?.data?.statement ?? '';
  const metadata = { ...event.metadata, is_truncated: true };
  const withText = (text: string): string =>
    JSON.stringify({
      ...event,
      metadata,
      ...(event.query_info === undefined ? {} : { query_info: { ...event.query_info, query_string: text } }),
      ...(event.entity?.data?.statement === undefined ? {} : { entity: { ...event.entity, data: { ...event.entity.data, statement: text } } }),
    });
  let keep = sql.length;
  for (;;) {
    const text = withText(sql.slice(0, keep).replace(/[\uD800-\uDBFF]$/, ''));
    const over = Buffer.byteLength(text) - room;
    if (over <= 0 || keep === 0) return text;
    keep = Math.max(0, Math.min(keep - 1, keep - Math.ceil(over / 6)));
  }
}
