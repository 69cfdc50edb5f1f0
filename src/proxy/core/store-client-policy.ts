/** The store's policy repository over HTTP: what devices read and report, and what signers push. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { EnvironmentError } from '../../base/errors.ts';
import * as c from '../../contract/store/index.ts';
import type { RepositoryFetch } from '../../tuf/client.ts';
import { tufLimits } from '../../tuf/metadata.ts';
import { type StoreHttp, StoreRefusal } from './store-client-http.ts';

export interface PolicyApi {
  /** Files of the repository by their TUF path. Nothing that comes is trusted before it is verified. */
  readonly readPolicy: RepositoryFetch;
  /** Sends an envelope of kind `bundle`. */
  reportPolicy(envelope: string): Promise<void>;
  /** Public keys for snapshot and timestamp in a root; with `make`, a new pair. */
  onlineKeys(make: boolean): Promise<z.output<typeof c.onlineKeysReply>>;
  uploadBundle(bytes: Uint8Array): Promise<void>;
  /** The archive of a bundle by the digest that recordings name (hex); undefined when none of it was published. Unpack it and compare. */
  bundleArchive(digest: string): Promise<Uint8Array | undefined>;
  pushPolicy(push: z.input<typeof c.pushBody>): Promise<Readonly<Record<string, number>>>;
  /** Undefined before the first push. */
  policyVersions(): Promise<Readonly<Record<string, number>> | undefined>;
  policyDevices(): Promise<readonly c.PolicyDevice[]>;
}

/** A file of the repository has to come within this time: a server that drips holds nobody up for long. */
const READ_TIMEOUT_MS = 20_000;

export function policyApi(http: StoreHttp, hasDevice: boolean, timeoutMs = READ_TIMEOUT_MS): PolicyApi {
  const auth = hasDevice ? 'device' : 'user';
  return {
    readPolicy: async (path, limitBytes) => {
      const at = addressOf(path);
      if (at === undefined) return undefined;
      try {
        return await within(timeoutMs, (signal) => http.download({ method: 'GET', path: at, auth, timeoutMs, signal, replyLimitBytes: limitBytes }));
      } catch (error) {
        if (error instanceof StoreRefusal && error.refusal === 'not_found') return undefined;
        throw error;
      }
    },
    reportPolicy: async (envelope) => {
      await http.call({ method: 'POST', path: '/v1/policy/reports', auth: 'device', json: { envelope }, reply: c.emptyReply });
    },
    onlineKeys: (make) => http.call({ method: make ? 'POST' : 'GET', path: '/v1/policy/online-keys', auth: 'user', reply: c.onlineKeysReply }),
    uploadBundle: async (bytes) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await http.call({ method: 'PUT', path: `/v1/policy/targets/${sha256}`, auth: 'user', bytes: { type: 'application/gzip', body: bytes }, timeoutMs: 120_000, reply: c.uploadedTarget });
    },
    bundleArchive: async (digest) => {
      try {
        return await http.download({ method: 'GET', path: `/v1/policy/bundles/${digest}`, auth: 'user', timeoutMs: 120_000, replyLimitBytes: tufLimits.targetBytes });
      } catch (error) {
        if (error instanceof StoreRefusal && error.refusal === 'not_found') return undefined;
        throw error;
      }
    },
    pushPolicy: async (push) => (await http.call({ method: 'POST', path: '/v1/policy/push', auth: 'user', json: push, timeoutMs: 60_000, reply: c.policyVersionsReply })).versions,
    policyVersions: async () => (await http.call({ method: 'GET', path: '/v1/policy/status', auth: 'user', reply: c.policyStatusReply })).versions,
    policyDevices: async () => (await http.call({ method: 'GET', path: '/v1/policy/devices', auth: 'user', reply: c.policyDevices })).devices,
  };
}

/**
 * A bound of its own around the whole answer: a body that stalls is not always ended by the signal of its request once
 * that request has been collected, and a look at the store that never ends would be the last one.
 */
async function within<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new EnvironmentError('env.store', `the store cannot be reached: timeout, no whole answer within ${timeoutMs} ms`));
      controller.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `metadata/2.root.json`, `targets/rings/early/<sha256>.bundle-3.tar.gz` to the store's routes. */
function addressOf(path: string): string | undefined {
  const metadata = /^metadata\/(.+)$/.exec(path)?.[1];
  if (metadata !== undefined) return c.metadataFile.safeParse(metadata).success ? `/v1/policy/metadata/${metadata}` : undefined;
  const sha256 = /^targets\/rings\/[a-z0-9-]+\/([0-9a-f]{64})\.bundle-\d+\.tar\.gz$/.exec(path)?.[1];
  return sha256 === undefined ? undefined : `/v1/policy/targets/${sha256}`;
}
