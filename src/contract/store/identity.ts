/** Sign-in: an ID token of a configured OpenID provider is exchanged for a session of the store. */
import { z } from 'zod';
import { line, principal, sha256Hex, timeMs } from './common.ts';

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

export const roles = z.strictObject({ admin: z.boolean(), auditor: z.boolean() });

/** GET /v1/me */
export const meReply = z.strictObject({ principal, expires_ms: timeMs, roles });
export type Me = z.output<typeof meReply>;

/** POST /v1/dev/token: only with the development identity provider and the secret of data_dir/store/dev-admin.json. */
export const devTokenBody = z.strictObject({
  subject: line(255),
  name: line(255).optional(),
  groups: z.array(line(255)).max(100),
});
export const devTokenReply = z.strictObject({ id_token: z.string().min(1).max(32_000) });

/** data_dir/store/dev-admin.json, mode 0600: how another process of the same person reaches the embedded store. */
export const devAdminFile = z.strictObject({ v: z.literal(1), url: z.url(), secret: z.string().min(32).max(200) });
