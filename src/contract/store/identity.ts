/** Sign-in: an ID token of a configured OpenID provider is exchanged for a session; browsers sign in through the store itself. */
import { z } from 'zod';
import { deviceId, line, principal, sha256Hex, timeMs } from './common.ts';

/** Names an identity provider in the store's own URLs. */
export const issuerId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'lower-case letters, digits and dashes, at most 40');

/** GET /v1/info, public: what a client needs before it can sign in. */
export const infoReply = z.strictObject({
  product: z.literal('sallyport-store'),
  api: z.literal(1),
  organisation: line(255),
  /** First part of every recording's checkpoint origin. */
  origin: line(255),
  time_ms: timeMs,
  issuers: z.array(
    z.strictObject({
      issuer: z.url().max(500),
      client_id: line(255),
      name: line(255),
      /** The development identity provider of an embedded store. */
      dev: z.boolean(),
    }),
  ),
  /** Ways to sign in with a browser: navigate to `/auth/login?issuer=<id>&return_to=<path>`. */
  signin: z.array(z.strictObject({ id: issuerId, name: line(255), protocol: z.enum(['oidc', 'saml']) })),
});

/** POST /v1/signin */
export const signinBody = z.strictObject({
  id_token: z.string().min(1).max(32_000),
  /** The nonce of the authorization request. Required when the token carries one. */
  nonce: z.string().min(1).max(500).optional(),
});
export const signinReply = z.strictObject({
  /** Opaque bearer token of the store. */
  token: z.string().regex(/^sps_[A-Za-z0-9_-]{43}$/),
  expires_ms: timeMs,
  id_token_sha256: sha256Hex,
  principal,
});

/** Who may do what is written for these (docs/identity.md). `service` is every agent and CI job. */
export const storeRoles = ['engineer', 'approver', 'auditor', 'privacy_officer', 'security', 'admin', 'service'] as const;
export type StoreRole = (typeof storeRoles)[number];
export const roles = z.strictObject({
  engineer: z.boolean(),
  approver: z.boolean(),
  auditor: z.boolean(),
  privacy_officer: z.boolean(),
  security: z.boolean(),
  admin: z.boolean(),
  service: z.boolean(),
} satisfies Record<StoreRole, z.ZodBoolean>);
export type Roles = z.output<typeof roles>;

export const storeSessionId = z.uuid();

/** GET /v1/me */
export const meReply = z.strictObject({ principal, expires_ms: timeMs, roles, session_id: storeSessionId });
export type Me = z.output<typeof meReply>;

/**
 * A request with the session cookie that is not a GET must carry this header, with any value: another site's page
 * cannot set it. Its Origin must be the store's.
 */
export const CSRF_HEADER = 'sallyport-csrf';

/** GET /auth/login */
export const loginQuery = z.strictObject({ issuer: issuerId, return_to: z.string().max(2_000).default('/') });
/** What a provider sends back (OpenID Connect Core 1.0 section 3.1.2.5, RFC 9207). Unknown parameters are ignored, as section 3.1.2.7 asks. */
export const callbackQuery = z.looseObject({ state: z.string().min(1).max(500) });
export const issuerParams = z.strictObject({ issuer: issuerId });

/**
 * POST /v1/token, a form: exchange of a CI job's or agent's own token for a session (RFC 8693 section 2). The answer has
 * that specification's shape; errors have the store's.
 */
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const SUBJECT_TOKEN_TYPES = ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token'] as const;
export const tokenForm = z.strictObject({
  grant_type: z.literal(TOKEN_EXCHANGE),
  subject_token: z.string().min(1).max(32_000),
  subject_token_type: z.enum(SUBJECT_TOKEN_TYPES),
});
export const tokenReply = z.strictObject({
  access_token: z.string().regex(/^sps_[A-Za-z0-9_-]{43}$/),
  issued_token_type: z.literal('urn:ietf:params:oauth:token-type:access_token'),
  token_type: z.literal('Bearer'),
  /** Seconds. */
  expires_in: z.number().int().min(1),
  /** Who the session is for, and what the store will call them in recordings. */
  principal,
  subject_token_sha256: sha256Hex,
});

/** GET /v1/sessions: own sessions; `all` is for administrators. */
export const sessionQuery = z.strictObject({ all: z.enum(['true', 'false']).default('false') });
export const storeSession = z.strictObject({
  session_id: storeSessionId,
  kind: z.enum(['bearer', 'browser', 'service']),
  principal,
  created_ms: timeMs,
  expires_ms: timeMs,
  seen_ms: timeMs.optional(),
  address: z.string().max(100),
  user_agent: z.string().max(300),
  device_id: deviceId.optional(),
  current: z.boolean(),
});
export type StoreSession = z.output<typeof storeSession>;
export const sessionList = z.strictObject({ sessions: z.array(storeSession) });
/** DELETE /v1/sessions/:id */
export const sessionParams = z.strictObject({ id: storeSessionId });

/** POST /v1/sessions/end: every session of one person. Of one's own, all but the one that asks. */
export const endSessionsBody = z.strictObject({ iss: line(500), sub: line(255) });
export const endSessionsReply = z.strictObject({ ended: z.number().int().min(0) });

/** GET /v1/services, administrators: the rules by which agents and CI jobs sign in. They come from the configuration. */
export const serviceRules = z.strictObject({
  services: z.array(
    z.strictObject({
      name: z.string(),
      issuer: z.string(),
      audience: z.string(),
      claims: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      groups: z.array(z.string()),
      minutes: z.number(),
      /** Of this rule, at this moment. */
      sessions: z.number().int().min(0),
    }),
  ),
});
export type ServiceRules = z.output<typeof serviceRules>;

/** POST /v1/dev/token: only with the development identity provider and the secret of data_dir/store/dev-admin.json. */
export const devTokenBody = z.strictObject({
  subject: line(255),
  name: line(255).optional(),
  groups: z.array(line(255)).max(100),
});
export const devTokenReply = z.strictObject({ id_token: z.string().min(1).max(32_000) });

/** data_dir/store/dev-admin.json, mode 0600: how another process of the same person reaches the embedded store. */
export const devAdminFile = z.strictObject({ v: z.literal(1), url: z.url(), secret: z.string().min(32).max(200) });
