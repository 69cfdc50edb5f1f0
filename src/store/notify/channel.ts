/** A way to reach people. At least once: a message may come twice, under the same id. */
import type { Notification } from './notification.ts';

export interface Channel {
  readonly name: string;
  /** @throws Error when it was not accepted; it is tried again later */
  send(n: Notification, signal: AbortSignal): Promise<void>;
  /** `whpk_...` of a webhook that signs with Ed25519. */
  readonly publicKey?: string;
  close(): void;
}

export const SEND_TIMEOUT_MS = 15_000;
