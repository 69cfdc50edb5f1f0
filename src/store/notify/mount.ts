/** Puts notifications together from their configuration: follows the audit trail, fills the outbox, sends. */
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Database } from '../db/database.ts';
import type { Hub } from '../http/hub.ts';
import type { Router } from '../http/route.ts';
import { withApproval } from '../siem/approval-facts.ts';
import { feedPosition, moveFeed, readFeed } from '../siem/feed.ts';
import { startWorker, type Worker } from '../siem/worker.ts';
import type { Channel } from './channel.ts';
import type { ChannelConfig, NotifyConfig } from './config.ts';
import { emailChannel } from './email.ts';
import { notificationOf, withoutStatement, type Notification } from './notification.ts';
import { enqueue, forgetOldMessages, markFailed, markSent, markStale, take } from './outbox.ts';
import { notifyRoutes } from './routes.ts';
import { slackChannel } from './slack.ts';
import { webhookChannel } from './webhook.ts';

export const NOTIFY_FEED = 'notify';
const ROWS = 200;

export interface NotifyPorts {
  readonly config: NotifyConfig;
  readonly origin: string;
  /** Where browsers reach the store. */
  readonly publicUrl: () => URL;
  readonly db: Database;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly onProblem: (message: string) => void;
}

export interface ChannelEntry {
  readonly config: ChannelConfig;
  readonly channel: Channel;
}

/** Mounts the routes; `start` begins to send, and its answer stops that. @throws ConfigError */
export function mountNotify(route: Router, o: NotifyPorts): { start(): () => Promise<void> } {
  const page = (): string => o.publicUrl().href.replace(/\/$/, '');
  const channels = o.config.channels.map((config): ChannelEntry => ({ config, channel: channelOf(config, o.clock, page) }));
  notifyRoutes(route, { channels, feed: NOTIFY_FEED, origin: o.origin });
  return {
    start: () => {
      if (channels.length === 0) return () => Promise.resolve();
      const senders = channels.map(({ channel }) => startWorker({ db: o.db, clock: o.clock, onProblem: o.onProblem, name: `notify ${channel.name}`, everywhere: true, step: (signal) => sendNext(o, channel, signal) }));
      const reader = startWorker({
        db: o.db,
        clock: o.clock,
        onProblem: o.onProblem,
        name: 'notify',
        step: async () => {
          const more = await readOn(o, channels);
          for (const s of senders) s.wake();
          return more;
        },
      });
      // A person waits for an approval: the row of the request is read as soon as it is there.
      const unsubscribe = o.hub.subscribe((event) => {
        if (event.type === 'approval') reader.wake();
      });
      return () => stopAll([reader, ...senders], channels, unsubscribe);
    },
  };
}

async function stopAll(workers: readonly Worker[], channels: readonly ChannelEntry[], unsubscribe: () => void): Promise<void> {
  unsubscribe();
  await Promise.all(workers.map((w) => w.stop()));
  for (const { channel } of channels) channel.close();
}

function channelOf(c: ChannelConfig, clock: Clock, page: () => string): Channel {
  if (c.type === 'webhook') return webhookChannel(c, { clock, page });
  return c.type === 'slack' ? slackChannel(c, page) : emailChannel(c, page);
}

/** True when the channel is to carry this notification. */
export function wants(c: ChannelConfig, n: Notification): boolean {
  if (c.events !== undefined && n.kind !== 'test' && !c.events.includes(n.kind)) return false;
  const groups = c.approver_groups;
  return groups === undefined || n.approval === undefined || n.approval.approvers.some((g) => groups.includes(g));
}

export const forChannel = (c: ChannelConfig, n: Notification): Notification => (c.show_statements ? n : withoutStatement(n));

/** Rows of the audit trail to the outbox, in one transaction with the position. True when there may be more. */
async function readOn(o: NotifyPorts, channels: readonly ChannelEntry[]): Promise<boolean> {
  const { db, clock } = o;
  const nowMs = clock.nowMs();
  const from = await feedPosition(db, NOTIFY_FEED, 'now', nowMs);
  const rows = await readFeed(db, from, ROWS);
  const last = rows.at(-1);
  if (last === undefined) return false;
  const found: Notification[] = [];
  for (const { fact } of rows) {
    const n = notificationOf(o.origin, await withApproval(db, fact));
    if (n !== undefined) found.push(n);
  }
  await db.transaction(async (tx) => {
    if (!(await moveFeed(tx, NOTIFY_FEED, from, last.position, nowMs))) return;
    for (const n of found) for (const { config } of channels) if (wants(config, n)) await enqueue(tx, config.name, forChannel(config, n), nowMs);
  });
  if (found.length > 0) await forgetOldMessages(db, nowMs);
  return rows.length === ROWS;
}

/** Sends one message. True when one was there. */
async function sendNext(o: NotifyPorts, channel: Channel, signal: AbortSignal): Promise<boolean> {
  const { db, clock } = o;
  const waiting = await take(db, channel.name, clock.nowMs());
  if (waiting === undefined) return false;
  const { message } = waiting;
  if (message.until_ms !== undefined && message.until_ms <= clock.nowMs()) {
    await markStale(db, waiting.id);
    return true;
  }
  try {
    await channel.send(message, signal);
  } catch (error) {
    if (signal.aborted) return false;
    const reason = messageOf(error);
    const dead = await markFailed(db, waiting, reason, clock.nowMs());
    if (waiting.attempts === 1 || dead) o.onProblem(`store: notify ${channel.name}: ${reason}${dead ? '; given up' : '; tried again later'}`);
    return true;
  }
  await markSent(db, waiting.id, clock.nowMs());
  return true;
}
