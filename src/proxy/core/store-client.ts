/** The store's HTTP API for the proxy (ControlPlane) and for the people who use it (UserApi). docs/store.md describes it. */
import { fromBase64 } from '../../base/encoding.ts';
import { EnvironmentError } from '../../base/errors.ts';
import * as c from '../../contract/store/index.ts';
import { approvalRequestDigest } from '../../evidence/approval.ts';
import type { SignedReceipt } from '../../evidence/types.ts';
import type { ApprovalStatus, ControlPlane, Target } from './ports.ts';
import { credential } from './secret.ts';
import { type DeviceSigner, StoreHttp } from './store-client-http.ts';
import { signedDecisions } from './store-client-parse.ts';
import { type PolicyApi, policyApi } from './store-client-policy.ts';
import { type SearchApi, searchApi } from './store-client-search.ts';
import { type SshCaApi, sshCaApi } from './store-client-ssh-ca.ts';
import { toPrincipal, type UserApi, userApi } from './store-client-user.ts';

export type { DeviceSigner } from './store-client-http.ts';
export { StoreRefusal } from './store-client-http.ts';
export type { ApprovalItem, RecordingFilter, SignInResult, StoreInfo, UserApi } from './store-client-user.ts';

export interface StoreClientOptions {
  readonly url: string;
  /** Signs leases, approval requests and uploads. Without it only people's calls work. */
  readonly device?: DeviceSigner;
  /** A session's bearer token from elsewhere. Default: the one of this client's own `signIn`. */
  readonly userToken?: () => string | undefined;
  readonly nowMs?: () => number;
  /** Within which a file of the policy repository has to come. */
  readonly policyTimeoutMs?: number;
}

export type StoreClient = ControlPlane & UserApi & PolicyApi & SearchApi & SshCaApi;

const POLL_MS = 25_000;
const UPLOAD_TIMEOUT_MS = 120_000;

/** @throws EnvironmentError env.store when the address is not https and not on loopback. */
export function createStoreClient(o: StoreClientOptions): StoreClient {
  let ownToken: string | undefined;
  const userToken = (): string | undefined => o.userToken?.() ?? ownToken;
  const http = new StoreHttp({ url: o.url, device: o.device, userToken, nowMs: o.nowMs ?? Date.now });
  return {
    ...userApi(http, o.device, (token) => (ownToken = token)),
    ...controlPlane(http, o.device !== undefined),
    ...policyApi(http, o.device !== undefined, o.policyTimeoutMs),
    ...searchApi(http),
    ...sshCaApi(http),
  };
}

function controlPlane(http: StoreHttp, hasDevice: boolean): ControlPlane {
  const either = hasDevice ? 'device' : 'user';
  return {
    targets: async () => (await http.call({ method: 'GET', path: '/v1/targets', auth: either, reply: c.targetList })).targets.map(toTarget),
    lease: async (connection, session, sshPublicKey) => {
      const path = `/v1/targets/${encodeURIComponent(connection)}/lease`;
      const lease = await http.call({ method: 'POST', path, auth: 'both', json: { session_id: session, ...(sshPublicKey === undefined ? {} : { ssh_public_key: sshPublicKey }) }, reply: c.leaseReply });
      if (lease.certificate !== undefined) return credential(lease.user, lease.certificate, 'certificate');
      return lease.private_key === undefined ? credential(lease.user, lease.password ?? '') : credential(lease.user, lease.private_key, 'private_key');
    },
    requestApproval: async (request) => {
      const made = await http.call({ method: 'POST', path: '/v1/approvals', auth: 'device', json: { request }, reply: c.approvalCreated });
      if (made.id !== request.id || made.request_sha256 !== approvalRequestDigest(request)) throw new EnvironmentError('env.store', 'the store took another approval request than the one sent');
    },
    cancelApproval: async (id) => {
      await http.call({ method: 'POST', path: `/v1/approvals/${id}/cancel`, auth: either, json: {}, reply: c.emptyReply });
    },
    waitApproval: async (id, seen, signal) => {
      for (;;) {
        const path = `/v1/approvals/${id}/wait?seen=${seen}&timeout_ms=${POLL_MS}`;
        const s = await http.call({ method: 'GET', path, auth: 'device', signal, timeoutMs: POLL_MS + 15_000, reply: c.waitReply });
        if (s.state !== 'pending' || s.decisions.length !== seen) return toStatus(s);
      }
    },
    approverKeys: async () =>
      (await http.call({ method: 'GET', path: '/v1/approver-keys', auth: either, reply: c.approverKeys })).keys.map((k) => {
        const key = { keyId: k.key_id, alg: k.alg, publicKey: decoded(k.public_key), principal: toPrincipal(k.principal) };
        return k.revoked_ms === undefined ? key : { ...key, revokedMs: k.revoked_ms };
      }),
    ...uploads(http),
  };
}

function uploads(http: StoreHttp): Pick<ControlPlane, 'uploadOpen' | 'uploadChunk' | 'uploadClose'> {
  const statement = (path: string, text: string): Promise<SignedReceipt> =>
    http.call({ method: 'PUT', path, auth: 'device', bytes: { type: 'application/json', body: new TextEncoder().encode(text) }, timeoutMs: UPLOAD_TIMEOUT_MS, reply: c.receiptReply });
  return {
    uploadOpen: async (session, open) => {
      const bytes = { type: 'application/json', body: new TextEncoder().encode(open) };
      await http.call({ method: 'PUT', path: `/v1/recordings/${session}/open`, auth: 'device', bytes, timeoutMs: UPLOAD_TIMEOUT_MS, reply: c.emptyReply });
    },
    uploadChunk: (session, chunk) => {
      const headers = { [c.CHUNK_SHA256_HEADER]: chunk.sha256, [c.CHUNK_SIZE_HEADER]: String(chunk.sizeBytes) };
      const path = `/v1/recordings/${session}/chunks/${chunk.index}`;
      return http.call({ method: 'PUT', path, auth: 'device', bytes: { type: 'application/gzip', body: chunk.gzip, headers }, timeoutMs: UPLOAD_TIMEOUT_MS, reply: c.receiptReply });
    },
    uploadClose: (session, kind, close) => statement(`/v1/recordings/${session}/${kind}`, close),
  };
}

function toTarget(t: c.WireTarget): Target {
  const target = { info: { name: t.name, protocol: t.protocol, labels: t.labels, database: t.database, tls: t.tls }, host: t.host, port: t.port };
  return { ...target, ...(t.tls_ca === undefined ? {} : { tlsCa: t.tls_ca }), ...(t.host_keys === undefined ? {} : { hostKeys: t.host_keys }) };
}

function toStatus(s: { state: c.ApprovalState; decisions: readonly { envelope: string }[]; reason?: string | undefined }): ApprovalStatus {
  const decisions = signedDecisions(s.decisions);
  return s.state === 'denied' ? { state: s.state, decisions, reason: s.reason ?? '' } : { state: s.state, decisions };
}

function decoded(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new EnvironmentError('env.store', 'the store sent a key that makes no sense', { cause });
  }
}
