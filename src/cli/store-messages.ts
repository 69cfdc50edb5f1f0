/** What the proxy's thread and the embedded store's say to each other. */
import { z } from 'zod';

export const fromWorker = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), url: z.string() }),
  z.strictObject({ type: z.literal('failed'), message: z.string(), isConfig: z.boolean() }),
  z.strictObject({ type: z.literal('token'), id: z.number(), token: z.string() }),
  z.strictObject({ type: z.literal('refused'), id: z.number(), message: z.string() }),
]);
export const toWorker = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('token'), id: z.number(), subject: z.string(), groups: z.array(z.string()) }),
  z.strictObject({ type: z.literal('stop') }),
]);
