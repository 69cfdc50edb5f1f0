/** Notifications over HTTP: how they stand, a test message, another try, and alarms from a monitor outside. */
import { randomUUID } from 'node:crypto';
import { acknowledgeBody, emptyReply, notifyQueued, notifyStatus, notifyTestBody, OPEN_ALARMS_MAX, securityEvent, securityEventBody, securityEventList, securityEventParams, securityEventQuery } from '../../contract/store/index.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';
import { feedLag } from '../siem/feed.ts';
import { acknowledge, listAlarms, openAlarms } from './alarms.ts';
import type { ChannelEntry } from './mount.ts';
import type { Notification } from './notification.ts';
import { channelCounts, enqueue, revive } from './outbox.ts';
import { raiseSecurityEvent } from './security-event.ts';

export interface NotifyRoutes {
  readonly channels: readonly ChannelEntry[];
  /** Name of the reader of the audit trail. */
  readonly feed: string;
  readonly origin: string;
}

export function notifyRoutes(route: Router, o: NotifyRoutes): void {
  statusRoute(route, o);
  testRoute(route, o);
  retryRoute(route, o);
  alarmRoute(route);
  alarmListRoutes(route);
}

function statusRoute(route: Router, o: NotifyRoutes): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/notify/status',
    auth: 'user',
    action: 'notify.status',
    reply: json(notifyStatus),
    handler: (ctx) =>
      ctx.commit('notify', async (tx) => {
        const channels = [];
        for (const { config, channel } of o.channels) {
          const { last_sent_ms: sentMs, last_error: error, ...counts } = await channelCounts(tx, config.name);
          channels.push({
            name: config.name,
            type: config.type,
            ...counts,
            ...(sentMs === null ? {} : { last_sent_ms: sentMs }),
            ...(error === null ? {} : { last_error: error }),
            ...(channel.publicKey === undefined ? {} : { public_key: channel.publicKey }),
          });
        }
        return { unread_rows: (await feedLag(tx, o.feed, ctx.clock.nowMs()))?.rows ?? 0, channels };
      }),
  });
}

function chosen(o: NotifyRoutes, name: string | undefined): readonly ChannelEntry[] {
  const found = name === undefined ? o.channels : o.channels.filter((c) => c.config.name === name);
  if (found.length === 0) throw new StoreError('not_found', name === undefined ? 'no channel is configured' : `no channel is named ${name}`);
  return found;
}

function testRoute(route: Router, o: NotifyRoutes): void {
  route({
    ...none,
    method: 'POST',
    path: '/v1/notify/test',
    auth: 'user',
    action: 'notify.test',
    body: notifyTestBody,
    reply: json(notifyQueued),
    ratePerMinute: 20,
    handler: (ctx) => {
      const nowMs = ctx.clock.nowMs();
      const message: Notification = { id: `${o.origin}/test/${randomUUID()}`, kind: 'test', t_ms: nowMs, object: 'test', by: ctx.user.name, detail: '' };
      const channels = chosen(o, ctx.body.channel);
      return ctx.commit(ctx.body.channel ?? 'all channels', async (tx) => {
        const queued: string[] = [];
        for (const { config } of channels) queued.push(await enqueue(tx, config.name, message, nowMs));
        return { queued };
      });
    },
  });
}

function retryRoute(route: Router, o: NotifyRoutes): void {
  route({
    ...none,
    method: 'POST',
    path: '/v1/notify/retry',
    auth: 'user',
    action: 'notify.retry',
    body: notifyTestBody,
    reply: json(notifyQueued),
    handler: (ctx) => {
      if (ctx.body.channel !== undefined) chosen(o, ctx.body.channel);
      return ctx.commit(ctx.body.channel ?? 'all channels', async (tx) => ({ queued: await revive(tx, ctx.body.channel, ctx.clock.nowMs()) }));
    },
  });
}

function alarmRoute(route: Router): void {
  route({
    ...none,
    method: 'POST',
    path: '/v1/security-events',
    auth: 'user',
    action: 'alarm.raise',
    body: securityEventBody,
    reply: json(emptyReply),
    ratePerMinute: 60,
    handler: (ctx) =>
      ctx.commit(ctx.body.object, async (tx) => {
        await raiseSecurityEvent(tx, ctx.clock.nowMs(), ctx.body, ctx.actor);
        return {};
      }),
  });
}

/** How alarms stand, and who has looked into them. */
function alarmListRoutes(route: Router): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/security-events',
    auth: 'user',
    action: 'alarm.list',
    query: securityEventQuery,
    reply: json(securityEventList),
    handler: (ctx) =>
      ctx.commit('security events', async (tx) => {
        const { open, before, limit } = ctx.query;
        return { ...(await listAlarms(tx, { open: open === 'true', before, limit })), open: await openAlarms(tx, OPEN_ALARMS_MAX) };
      }),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/security-events/:id/acknowledge',
    auth: 'user',
    action: 'alarm.acknowledge',
    params: securityEventParams,
    body: acknowledgeBody,
    reply: json(securityEvent),
    handler: (ctx) =>
      ctx.commit(String(ctx.params.id), (tx) => acknowledge(tx, { id: ctx.params.id, note: ctx.body.note, user: ctx.user, may: ctx.may, nowMs: ctx.clock.nowMs() }), {
        detail: (e) => `${e.kind} ${e.object}: ${ctx.body.note}`,
      }),
  });
}
