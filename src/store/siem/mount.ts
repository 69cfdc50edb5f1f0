/** Puts the SIEM export together from its configuration. */
import { z } from 'zod';
import manifest from '../../../package.json' with { type: 'json' };
import type { Clock } from '../../base/clock.ts';
import { siemStatus } from '../../contract/store/siem.ts';
import type { Emitter } from '../../evidence/ocsf-event.ts';
import type { Database } from '../db/database.ts';
import { json, none, type Router } from '../http/route.ts';
import type { ObjectStore } from '../storage/objects.ts';
import { type SiemConfig, type SinkConfig, syslogTls } from './config.ts';
import { feedLag } from './feed.ts';
import { fileSink } from './file-sink.ts';
import { httpSink } from './http-sink.ts';
import { produce, SIEM_FEED } from './producer.ts';
import { registerSinks, sendBatch, sinkRows } from './sender.ts';
import type { Sink } from './sink.ts';
import { syslogSink } from './syslog-sink.ts';
import { startWorker, type Worker } from './worker.ts';

export interface SiemPorts {
  readonly config: SiemConfig;
  readonly origin: string;
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly onProblem: (message: string) => void;
}

export interface Siem {
  /** Starts to read and to send; the answer stops it and waits for what is under way. */
  start(): () => Promise<void>;
}

/** Mounts the status route. @throws ConfigError when a secret or certificate cannot be read */
export function mountSiem(route: Router, o: SiemPorts): Siem {
  const sinks = o.config.sinks.map((c) => ({ name: c.name, type: c.type, sink: sinkOf(c, o.origin) }));
  statusRoute(route, o);
  return {
    start: () => {
      const workers = sinks.length === 0 ? [] : startAll(o, sinks);
      return async () => {
        await Promise.all(workers.map((w) => w.stop()));
        await Promise.all(sinks.map((s) => s.sink.close()));
      };
    },
  };
}

function sinkOf(c: SinkConfig, origin: string): Sink {
  if (c.type === 'file') return fileSink(c);
  return c.type === 'syslog' ? syslogSink(c, syslogTls(c), origin) : httpSink(c);
}

function startAll(o: SiemPorts, sinks: readonly { name: string; sink: Sink }[]): Worker[] {
  const { db, clock, onProblem } = o;
  const names = sinks.map((s) => s.name);
  const emitter: Emitter = { origin: o.origin, productVersion: manifest.version };
  const senders = sinks.map((s) => startWorker({ db, clock, onProblem, name: `siem ${s.name}`, step: (signal) => sendBatch({ db, clock, name: s.name, sink: s.sink, all: names, onProblem }, signal) }));
  let registered = false;
  const producer = startWorker({
    db,
    clock,
    onProblem,
    name: 'siem events',
    step: async () => {
      if (!registered) await registerSinks(db, names);
      registered = true;
      const more = await produce({ db, objects: o.objects, clock, emitter, start: o.config.start, maxQueue: o.config.max_queue });
      for (const s of senders) s.wake();
      return more;
    },
  });
  return [producer, ...senders];
}

function statusRoute(route: Router, o: SiemPorts): void {
  const types = new Map(o.config.sinks.map((s) => [s.name, s.type]));
  route({
    ...none,
    method: 'GET',
    path: '/v1/siem/status',
    auth: 'user',
    action: 'siem.status',
    reply: json(siemStatus),
    handler: (ctx) =>
      ctx.commit('siem', async (tx) => {
        const nowMs = ctx.clock.nowMs();
        const behind = await feedLag(tx, SIEM_FEED, nowMs);
        const rows = (await sinkRows(tx)).filter((r) => types.has(r.name));
        const waiting = z.object({ n: z.number(), made_ms: z.number().nullable() });
        const sinks = [];
        for (const r of rows) {
          const lag = await tx.first(waiting, 'select count(*)::integer as n, min(made_ms) as made_ms from siem_events where seq > $1', [r.seq]);
          sinks.push({
            name: r.name,
            type: types.get(r.name) ?? 'file',
            delivered: r.delivered,
            ...(r.delivered_ms === null ? {} : { delivered_ms: r.delivered_ms }),
            waiting: lag?.n ?? 0,
            waiting_ms: lag?.made_ms === null || lag === undefined ? 0 : Math.max(0, nowMs - lag.made_ms),
            failures: r.failures,
            ...(r.failures === 0 ? {} : { last_error: r.last_error, retry_ms: r.retry_ms }),
          });
        }
        return { unread_rows: behind?.rows ?? 0, unread_ms: behind?.ageMs ?? 0, sinks };
      }),
  });
}
