/**
 * One way to declare a route: who may call it, what it reads, what it answers, what it is called in the audit trail.
 * The wrapper authenticates, parses from unknown, and refuses to answer when no audit row was written.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { assert, BugError } from '../../base/errors.ts';
import type { Database } from '../db/database.ts';
import { Context, type Actor, writeAudit } from './context.ts';
import { type Authorizer, callerRoles } from '../identity/authorization/authorizer.ts';
import { StoreError } from './errors.ts';
import type { Hub } from './hub.ts';
import type { Limiter } from './limiter.ts';

/**
 * public: anyone. user: a session of the store. device: an enrolled device that signed the request. both: the
 * device's owner signed in, and the device signed. either: one of them.
 */
export type AuthNeed = 'public' | 'user' | 'device' | 'both' | 'either';

export interface RouteSpec<P, Q, B, R> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly auth: AuthNeed;
  /** Name in the audit trail and in the store's policies, which say who may: `target.lease`. */
  readonly action: string;
  readonly params: z.ZodType<P>;
  readonly query: z.ZodType<Q>;
  /** `rawBodyOnly` for bodies that are not JSON: the handler takes them from `ctx.raw`. */
  readonly body: z.ZodType<B>;
  readonly reply: Replier<R>;
  readonly bodyLimitBytes?: number;
  /** Requests per minute and address. */
  readonly ratePerMinute?: number;
  readonly handler: (ctx: Context<P, Q, B>) => Promise<R>;
}

const nothing = z.strictObject({});
export const rawBodyOnly = z.undefined();
/** No path parameters, no query, no JSON body: spread first, then override. */
export const none = { params: nothing, query: nothing, body: rawBodyOnly } as const;

export interface BytesReply {
  readonly contentType: string;
  readonly fileName?: string;
  readonly body: Uint8Array | Readable;
}

export interface RouteServices {
  readonly db: Database;
  readonly clock: Clock;
  readonly hub: Hub;
  readonly authorizer: Authorizer;
  /** Gets every route that is mounted. */
  readonly mounted?: MountedRoute[];
  /** Bounds on how often one caller may ask. */
  readonly limits?: { readonly perCaller: Limiter; readonly failures: Limiter; readonly noted: Limiter };
  /** Looks at a request before its body is read. @throws StoreError for a device that nobody enrolled. */
  readonly admit?: (request: FastifyRequest) => Promise<void>;
  /** Proves who calls. @throws StoreError unauthenticated or forbidden. */
  authenticate(request: FastifyRequest, need: AuthNeed, raw: Uint8Array): Promise<Actor>;
}

/** What a route is, for those who list them. */
export interface MountedRoute {
  readonly method: string;
  readonly path: string;
  readonly auth: AuthNeed;
  readonly action: string;
}

export type Router = <P, Q, B, R>(spec: RouteSpec<P, Q, B, R>) => void;

/** Sends what a handler returned. */
export type Replier<R> = (reply: FastifyReply, result: R) => FastifyReply;

export function makeRouter(app: FastifyInstance, services: RouteServices): Router {
  return (spec) => {
    if (!services.authorizer.actions.has(spec.action)) {
      throw new BugError(`no policy of the store names the action ${spec.action} (${spec.method} ${spec.path}): say in src/store/identity/authorization/policies.ts who may`);
    }
    services.mounted?.push({ method: spec.method, path: spec.path, auth: spec.auth, action: spec.action });
    app.route({
      method: spec.method,
      url: spec.path,
      ...(spec.bodyLimitBytes === undefined ? {} : { bodyLimit: spec.bodyLimitBytes }),
      // Large bodies are for devices that somebody has enrolled.
      ...(spec.bodyLimitBytes !== undefined && spec.auth === 'device' ? { onRequest: (request: FastifyRequest) => admit(services, spec.action, request) } : {}),
      ...(spec.ratePerMinute === undefined ? {} : { config: { rateLimit: { max: spec.ratePerMinute, timeWindow: 60_000 } } }),
      handler: async (request, reply) => {
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const raw = rawBody(request);
        let actor: Actor = { user: undefined, device: undefined, address: request.ip };
        try {
          if (services.limits?.failures.isOver(request.ip) === true) throw new StoreError('rate_limited', 'too many requests without proof came from this address: wait a minute');
          actor = await services.authenticate(request, spec.auth, raw);
          if (services.limits?.perCaller.hit(callerKey(actor)) === true) throw new StoreError('rate_limited', 'too many requests: wait a minute');
          const roles = callerRoles(actor.user, actor.device !== undefined);
          if (!services.authorizer.allows(roles, spec.action)) throw new StoreError('forbidden', `your roles do not allow this (${spec.action})`);
          const ctx = new Context(
            {
              params: parse('path', spec.params, request.params),
              query: parse('query', spec.query, request.query),
              body: parse('body', spec.body, (spec.body as unknown) === rawBodyOnly ? undefined : jsonBody(request, raw)),
              raw,
              headers: request.headers,
              url: request.url,
              signal: gone.signal,
            },
            services,
            actor,
            { action: spec.action, may: (object) => services.authorizer.allows(roles, spec.action, object) },
          );
          const result = await spec.handler(ctx);
          assert(ctx.audited, `${spec.action} was not audited`);
          return await spec.reply(reply, result);
        } catch (error) {
          await refused(services, actor, spec.action, request, error);
          throw error;
        }
      },
    });
  };
}

/** One bucket for each device, person, and address without either. */
const callerKey = (a: Actor): string => a.device?.deviceId ?? (a.user === undefined ? `address ${a.address}` : `person ${a.user.iss} ${a.user.sub}`);

function parse<T>(where: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((i) => `${[where, ...i.path].join('.')}: ${i.message}`);
  throw new StoreError('bad_request', issues.join('; ').slice(0, 2_000));
}

export function rawBody(request: FastifyRequest): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
}

function jsonBody(request: FastifyRequest, raw: Uint8Array): unknown {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json(;|$)/i.test(type)) throw new StoreError('bad_request', 'the body must be application/json');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as unknown;
  } catch {
    throw new StoreError('bad_request', 'the body is not JSON');
  }
}

async function admit(services: RouteServices, action: string, request: FastifyRequest): Promise<void> {
  try {
    await services.admit?.(request);
  } catch (error) {
    await refused(services, { user: undefined, device: undefined, address: request.ip }, action, request, error);
    throw error;
  }
}

/** Refusals are counted and audited too. A failure to do so must not hide the refusal itself, which denies anyway. */
async function refused(services: RouteServices, actor: Actor, action: string, request: FastifyRequest, error: unknown): Promise<void> {
  if (!(error instanceof StoreError) || error.status >= 500) return;
  if (error.code === 'unauthenticated') services.limits?.failures.hit(request.ip);
  // Once a minute for each caller: a flood must not become a flood of rows.
  if (error.code === 'rate_limited' && services.limits?.noted.hit(callerKey(actor)) === true) return;
  const object = request.url.split('?')[0] ?? '';
  await writeAudit(services.db, services.clock.nowMs(), actor, { action, object, outcome: 'refused', detail: `${error.code}: ${error.auditDetail}` });
}

/** A JSON answer, checked against its schema before it leaves. */
export function json<R>(schema: z.ZodType<R>): Replier<R> {
  return (reply, result) => {
    const checked = schema.safeParse(result);
    if (!checked.success) throw new BugError(`the reply does not fit its schema: ${checked.error.message}`);
    return reply.header('content-type', 'application/json').header('cache-control', 'no-store').send(JSON.stringify(checked.data));
  };
}

/** What goes with an answer that starts or ends a browser's session. */
export interface CookieReply<R> {
  readonly cookies: readonly string[];
  readonly result: R;
}

export function withCookies<R>(replier: Replier<R>): Replier<CookieReply<R>> {
  return (reply, { cookies, result }) => replier(reply.header('set-cookie', [...cookies]), result);
}

/** Elsewhere, by GET (RFC 9110 section 15.4.4). The handler vouches for the address. */
export const redirect: Replier<URL> = (reply, location) => reply.redirect(location.href, 303);

/** A file. */
export const bytes: Replier<BytesReply> = (reply, result) => {
  reply.header('content-type', result.contentType).header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  if (result.fileName !== undefined) reply.header('content-disposition', `attachment; filename="${result.fileName}"`);
  return reply.send(result.body instanceof Readable ? result.body : Buffer.from(result.body));
};

/** Server-sent events: the handler subscribes, this frames. */
export interface EventsReply {
  readonly attach: (write: (event: unknown) => void) => () => void;
}
const KEEPALIVE_MS = 15_000;
export const events: Replier<EventsReply> = (reply, result) => {
  const stream = new Readable({ read: () => undefined });
  const detach = result.attach((event) => {
    // A reader that does not read is dropped rather than buffered for without bound.
    if (stream.readableLength > 1024 * 1024) stream.destroy();
    else stream.push(`data: ${JSON.stringify(event)}\n\n`);
  });
  const beat = setInterval(() => stream.push(': keep-alive\n\n'), KEEPALIVE_MS);
  stream.once('close', () => {
    clearInterval(beat);
    detach();
  });
  return reply.header('content-type', 'text/event-stream').header('cache-control', 'no-store').send(stream);
};
