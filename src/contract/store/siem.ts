/** How the SIEM export stands. */
import { z } from 'zod';
import { timeMs } from './common.ts';

const count = z.number().int().min(0);

/** GET /v1/siem/status */
export const siemStatus = z.strictObject({
  /** Rows of the audit trail that have not been read (counted up to 10,000), and the age of the oldest. */
  unread_rows: count,
  unread_ms: count,
  sinks: z.array(
    z.strictObject({
      name: z.string(),
      type: z.enum(['file', 'syslog', 'http']),
      delivered: count,
      delivered_ms: timeMs.optional(),
      /** Events made and not delivered, and the age of the oldest. */
      waiting: count,
      waiting_ms: count,
      /** Tries in a row that failed. */
      failures: count,
      last_error: z.string().optional(),
      retry_ms: timeMs.optional(),
    }),
  ),
});
