import { z } from 'zod';

/** Answer of GET /healthz and GET /readyz when all is well; else 503 with the usual error body. */
export const healthReply = z.strictObject({ status: z.literal('ok') });
