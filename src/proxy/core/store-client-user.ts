/** Calls that a person makes: sign-in, devices, approvals inbox, recordings, live events. */
import type { z } from 'zod';
import { toBase64 } from '../../base/encoding.ts';
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import type { ApprovalId, DeviceId, SessionId } from '../../base/ids.ts';
import * as c from '../../contract/store/index.ts';
import { type ApprovalRequest, parseApprovalRequest } from '../../evidence/approval.ts';
import type { Principal } from '../../policy/types.ts';
import type { SignedDecision, SignedInIdentity } from './ports.ts';
import { signedDecisions } from './store-client-parse.ts';
import type { DeviceSigner, StoreHttp } from './store-client-http.ts';

export interface StoreInfo {
  readonly organisation: string;
  readonly origin: string;
  readonly issuers: readonly { readonly issuer: string; readonly clientId: string; readonly name: string; readonly dev: boolean }[];
}

export interface SignInResult extends SignedInIdentity {
  /** Bearer token of the store, for a later `userToken`. */
  readonly token: string;
}

export interface ApprovalItem {
  readonly id: ApprovalId;
  readonly state: c.ApprovalState;
  readonly request: ApprovalRequest;
  readonly requestSha256: string;
  readonly decisions: readonly SignedDecision[];
  readonly mayDecide: boolean;
  readonly createdMs: number;
  readonly closedMs?: number;
}

export interface RecordingFilter {
  readonly person?: string;
  readonly connection?: string;
  readonly sinceMs?: number;
  readonly state?: 'open' | 'closed' | 'recovered';
  readonly limit?: number;
  readonly beforeMs?: number;
}

export interface UserApi {
  info(): Promise<StoreInfo>;
  /** Exchanges an ID token for a session; later calls use it. */
  signIn(idToken: string, nonce?: string): Promise<SignInResult>;
  /** For a CI job or an agent: exchanges the token of its platform for a short session (RFC 8693); later calls use it. */
  exchangeToken(platformToken: string): Promise<SignInResult>;
  signOut(): Promise<void>;
  me(): Promise<c.Me>;
  /** Enrols this client's device key for the signed-in person. Idempotent. `code`: an administrator's pre-authorisation. */
  enrolDevice(name: string, code?: string): Promise<c.Device>;
  listDevices(): Promise<readonly c.Device[]>;
  /** For administrators. */
  approveDevice(id: DeviceId): Promise<c.Device>;
  /** For administrators: a code that lets one device in, of that person or of anybody. */
  makeDeviceCode(o: { readonly person?: { readonly iss: string; readonly sub: string }; readonly hours?: number }): Promise<{ readonly code: string; readonly expiresMs: number }>;
  revokeDevice(id: DeviceId, reason: string, compromisedSinceMs?: number): Promise<void>;
  listApprovals(filter?: { readonly scope?: 'inbox' | 'mine' | 'all'; readonly state?: c.ApprovalState }): Promise<readonly ApprovalItem[]>;
  getApproval(id: ApprovalId): Promise<ApprovalItem>;
  /** Sends a decision envelope that `signDecision` made. */
  decide(id: ApprovalId, envelope: string): Promise<ApprovalItem>;
  listRecordings(filter?: RecordingFilter): Promise<readonly c.RecordingInfo[]>;
  /** What a monitor outside of the store has found. */
  raiseAlarm(event: z.input<typeof c.securityEventBody>): Promise<void>;
  getRecording(session: SessionId): Promise<{ readonly recording: c.RecordingInfo; readonly files: readonly { readonly name: string; readonly bytes: number }[] }>;
  getRecordingFile(session: SessionId, name: string): Promise<Uint8Array>;
  downloadSrz(session: SessionId): Promise<Uint8Array>;
  proposeRedaction(session: SessionId, wishes: { readonly items: readonly { readonly n: number; readonly field?: string }[]; readonly legal_basis: string; readonly ticket: string }): Promise<c.RedactionView>;
  redaction(id: string): Promise<c.RedactionView>;
  /** Sends the caller's signature over the proposed statement; with the second person's the redaction is in force. */
  signRedaction(id: string, envelope: string): Promise<c.RedactionView>;
  /** A file of the transparency log by its C2SP path: `checkpoint`, `tile/0/000`. */
  logFile(path: string): Promise<Uint8Array>;
  /** trust.json as JSON, for `parseTrust`. */
  trust(): Promise<unknown>;
  /** Calls `onEvent` until the signal aborts; reconnects by itself. A `hello` means: look again, something may have been missed. */
  subscribe(onEvent: (event: c.StoreEvent) => void, signal: AbortSignal, onProblem?: (error: unknown) => void): Promise<void>;
}

const RECONNECT_MS = [500, 1_000, 2_000, 5_000, 15_000];

export function userApi(http: StoreHttp, device: DeviceSigner | undefined, setToken: (token: string | undefined) => void): UserApi {
  return {
    info: async () => {
      const i = await http.call({ method: 'GET', path: '/v1/info', auth: 'none', reply: c.infoReply });
      return { organisation: i.organisation, origin: i.origin, issuers: i.issuers.map((x) => ({ issuer: x.issuer, clientId: x.client_id, name: x.name, dev: x.dev })) };
    },
    signIn: async (idToken, nonce) => {
      const json = nonce === undefined ? { id_token: idToken } : { id_token: idToken, nonce };
      const r = await http.call({ method: 'POST', path: '/v1/signin', auth: 'none', json, reply: c.signinReply });
      setToken(r.token);
      return { token: r.token, principal: toPrincipal(r.principal), idTokenSha256: r.id_token_sha256, expiresMs: r.expires_ms };
    },
    exchangeToken: async (platformToken) => {
      const form = new URLSearchParams({ grant_type: c.TOKEN_EXCHANGE, subject_token: platformToken, subject_token_type: c.SUBJECT_TOKEN_TYPES[0] });
      const bytes = { type: 'application/x-www-form-urlencoded', body: new TextEncoder().encode(form.toString()) };
      const askedMs = http.nowMs();
      const r = await http.call({ method: 'POST', path: '/v1/token', auth: 'none', bytes, reply: c.tokenReply });
      setToken(r.access_token);
      return { token: r.access_token, principal: toPrincipal(r.principal), idTokenSha256: r.subject_token_sha256, expiresMs: askedMs + r.expires_in * 1000 };
    },
    signOut: async () => {
      await http.call({ method: 'POST', path: '/v1/signout', auth: 'user', json: {}, reply: c.emptyReply });
      setToken(undefined);
    },
    me: () => http.call({ method: 'GET', path: '/v1/me', auth: 'user', reply: c.meReply }),
    enrolDevice: (name, code) => enrol(http, device, name, code),
    listDevices: async () => (await http.call({ method: 'GET', path: '/v1/devices', auth: 'user', reply: c.deviceList })).devices,
    approveDevice: (id) => http.call({ method: 'POST', path: `/v1/devices/${id}/approve`, auth: 'user', reply: c.device }),
    makeDeviceCode: async (o) => {
      const r = await http.call({ method: 'POST', path: '/v1/devices/codes', auth: 'user', json: o, reply: c.deviceCodeReply });
      return { code: r.code, expiresMs: r.expires_ms };
    },
    revokeDevice: async (id, reason, compromisedSinceMs) => {
      const json = { reason, ...(compromisedSinceMs === undefined ? {} : { compromised_since_ms: compromisedSinceMs }) };
      await http.call({ method: 'POST', path: `/v1/devices/${id}/revoke`, auth: 'user', json, reply: c.emptyReply });
    },
    ...approvalCalls(http),
    ...recordingCalls(http),
    proposeRedaction: (session, wishes) => http.call({ method: 'POST', path: `/v1/recordings/${session}/redactions`, auth: 'user', json: wishes, reply: c.redactionView }),
    redaction: (id) => http.call({ method: 'GET', path: `/v1/redactions/${encodeURIComponent(id)}`, auth: 'user', reply: c.redactionView }),
    signRedaction: (id, envelope) => http.call({ method: 'POST', path: `/v1/redactions/${encodeURIComponent(id)}/signatures`, auth: 'user', json: { envelope }, timeoutMs: 120_000, reply: c.redactionView }),
    logFile: (path) => http.download({ method: 'GET', path: `/log/${path}`, auth: 'user' }),
    raiseAlarm: async (event) => {
      await http.call({ method: 'POST', path: '/v1/security-events', auth: 'user', json: event, reply: c.emptyReply });
    },
    trust: () => http.call({ method: 'GET', path: '/v1/trust', auth: 'user', reply: c.trustReply }),
    subscribe: (onEvent, signal, onProblem) => subscribe(http, onEvent, signal, onProblem),
  };
}

function approvalCalls(http: StoreHttp): Pick<UserApi, 'listApprovals' | 'getApproval' | 'decide'> {
  return {
    listApprovals: async (filter = {}) => {
      const path = `/v1/approvals${query({ scope: filter.scope, state: filter.state })}`;
      return (await http.call({ method: 'GET', path, auth: 'user', reply: c.approvalList })).approvals.map(toItem);
    },
    getApproval: async (id) => toItem(await http.call({ method: 'GET', path: `/v1/approvals/${id}`, auth: 'user', reply: c.approvalView })),
    decide: async (id, envelope) => toItem(await http.call({ method: 'POST', path: `/v1/approvals/${id}/decisions`, auth: 'user', json: { envelope }, reply: c.approvalView })),
  };
}

function recordingCalls(http: StoreHttp): Pick<UserApi, 'listRecordings' | 'getRecording' | 'getRecordingFile' | 'downloadSrz'> {
  return {
    listRecordings: async (f = {}) => {
      const path = `/v1/recordings${query({ person: f.person, connection: f.connection, since_ms: f.sinceMs, state: f.state, limit: f.limit, before_ms: f.beforeMs })}`;
      return (await http.call({ method: 'GET', path, auth: 'user', reply: c.recordingList })).recordings;
    },
    getRecording: (session) => http.call({ method: 'GET', path: `/v1/recordings/${session}`, auth: 'user', reply: c.recordingDetail }),
    getRecordingFile: (session, name) => http.download({ method: 'GET', path: `/v1/recordings/${session}/files/${name}`, auth: 'user', timeoutMs: 120_000 }),
    downloadSrz: (session) => http.download({ method: 'GET', path: `/v1/recordings/${session}/srz`, auth: 'user', timeoutMs: 120_000 }),
  };
}

async function enrol(http: StoreHttp, device: DeviceSigner | undefined, name: string, code: string | undefined): Promise<c.Device> {
  if (device === undefined) throw new EnvironmentError('env.store', 'this client has no device key to enrol');
  const me = await http.call({ method: 'GET', path: '/v1/me', auth: 'user', reply: c.meReply });
  const { challenge } = await http.call({ method: 'POST', path: '/v1/devices/challenge', auth: 'user', json: {}, reply: c.challengeReply });
  const publicKey = toBase64(device.publicKey);
  const message = c.enrolmentMessage({ challenge, alg: device.alg, publicKey, iss: me.principal.iss, sub: me.principal.sub });
  const json = { public_key: publicKey, alg: device.alg, name, challenge, signature: toBase64(device.sign(message)), ...(code === undefined ? {} : { code }) };
  const enrolled = await http.call({ method: 'POST', path: '/v1/devices', auth: 'user', json, reply: c.device });
  if (enrolled.device_id !== device.deviceId) throw new EnvironmentError('env.store', `the store enrolled ${enrolled.device_id} instead of ${device.deviceId}`);
  return enrolled;
}

async function subscribe(http: StoreHttp, onEvent: (event: c.StoreEvent) => void, signal: AbortSignal, onProblem?: (error: unknown) => void): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      // Longer than any proxy keeps a stream: the end of the time-out is an ordinary reconnect.
      const response = await http.send({ method: 'GET', path: '/v1/events', auth: 'user', signal, timeoutMs: 3_600_000 });
      for await (const event of eventsOf(response)) {
        failures = 0;
        onEvent(event);
      }
    } catch (error) {
      // An abort ends the loop below; it is not a problem to tell.
      if (!(error instanceof EnvironmentError && error.code === 'env.cancelled')) onProblem?.(error);
    }
    await sleep(RECONNECT_MS[Math.min(failures++, RECONNECT_MS.length - 1)] ?? 15_000, signal);
  }
}

/** Lines of a text/event-stream; only `data:` of one line is used by the store. */
async function* eventsOf(response: Response): AsyncGenerator<c.StoreEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  if (response.body === null) return;
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(part, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > 65_536) throw new EnvironmentError('env.store', 'an event of the store is too long');
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue;
      let value: unknown;
      try {
        value = JSON.parse(line.slice(6));
      } catch (cause) {
        throw new EnvironmentError('env.store', `an event of the store makes no sense: ${messageOf(cause)}`, { cause });
      }
      const event = c.storeEvent.safeParse(value);
      if (!event.success) throw new EnvironmentError('env.store', 'an event of the store makes no sense');
      yield event.data;
    }
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const pairs = Object.entries(values).flatMap(([k, v]) => (v === undefined ? [] : [`${k}=${encodeURIComponent(v)}`]));
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function toItem(v: { id: ApprovalId; state: c.ApprovalState; request?: unknown; request_sha256: string; decisions: readonly { envelope: string }[]; may_decide: boolean; created_ms: number; closed_ms?: number | undefined }): ApprovalItem {
  let request: ApprovalRequest;
  try {
    request = parseApprovalRequest(v.request);
  } catch (cause) {
    throw new EnvironmentError('env.store', `the store sent an approval that makes no sense: ${messageOf(cause)}`, { cause });
  }
  const item = { id: v.id, state: v.state, request, requestSha256: v.request_sha256, decisions: signedDecisions(v.decisions), mayDecide: v.may_decide, createdMs: v.created_ms };
  return v.closed_ms === undefined ? item : { ...item, closedMs: v.closed_ms };
}

export const toPrincipal = (p: c.WirePrincipal): Principal => ({ kind: p.kind, issuer: p.iss, subject: p.sub, name: p.name, groups: p.groups });
