/**
 * Objects in S3-compatible storage. Written once by conditional writes (`If-None-Match: *`). A server that ignores the
 * header would let one writer replace another's object unseen, so this is tried out at the start.
 */
import { createHash } from 'node:crypto';
import { DeleteObjectCommand, GetObjectCommand, GetObjectLockConfigurationCommand, HeadBucketCommand, ListObjectsV2Command, ListObjectVersionsCommand, NoSuchKey, PutObjectCommand, S3Client, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import type { Clock } from '../../base/clock.ts';
import { BugError, EnvironmentError, messageOf } from '../../base/errors.ts';
import { byName, isSegment, keyParts, type ObjectInfo, type ObjectStore, prefixParts } from './objects.ts';

export interface S3Options {
  /** Absent: Amazon S3 of the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  /** Keys begin with it: `store/` or empty. */
  readonly prefix: string;
  /** `endpoint/bucket/key` and not `bucket.endpoint/key`. */
  readonly pathStyle: boolean;
  /** Absent: where the SDK finds them (environment, instance, pod identity). */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** Retention of each object that is written once; the bucket must have object lock. */
  readonly lock: { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly days: number } | undefined;
  readonly clock: Clock;
}

const CONNECT_MS = 3_000;
const ANSWER_MS = 10_000;
/** Of one call with its retries: shorter than what a device waits for its answer. */
const CALL_MS = 16_000;
const ATTEMPTS = 3;
const SOCKETS = 100;
const CONFLICTS = 3;
const DAY_MS = 86_400_000;
/** Two writes of it show what the server does with `If-None-Match`. */
const PROBE = 'probe/written-once';

/**
 * @throws EnvironmentError env.unreachable when the storage is away, env.io when the bucket is not to be had, has no
 * object lock though it is configured, or does not keep objects that are written once
 */
export async function openS3(o: S3Options): Promise<{ readonly objects: ObjectStore; close(): void }> {
  const client = new S3Client({
    region: o.region,
    forcePathStyle: o.pathStyle,
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true, httpAgent: { maxSockets: SOCKETS }, httpsAgent: { maxSockets: SOCKETS } },
    // Older servers know no trailing checksums; what is written carries a SHA-256 of our own.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(o.endpoint === undefined ? {} : { endpoint: o.endpoint }),
    ...(o.credentials === undefined ? {} : { credentials: o.credentials }),
  });
  const s3 = new S3Objects(client, o);
  try {
    await s3.check();
    if (o.lock !== undefined) await s3.checkLock();
    await s3.checkConditionalWrites();
  } catch (error) {
    client.destroy();
    throw error;
  }
  return { objects: s3, close: () => client.destroy() };
}

class S3Objects implements ObjectStore {
  readonly #client: S3Client;
  readonly #o: S3Options;

  constructor(client: S3Client, o: S3Options) {
    this.#client = client;
    this.#o = o;
  }

  async putNew(key: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    const put = { ...this.#put(key, bytes), IfNoneMatch: '*', ...this.#retention() };
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#call((abortSignal) => this.#client.send(new PutObjectCommand(put), { abortSignal }));
        return 'created';
      } catch (error) {
        const status = statusOf(error);
        if (status === 412) return 'exists';
        // 409: another write of the same key was under way; who won shows at the next try.
        if (status !== 409 || attempt === CONFLICTS) throw explained(error);
      }
    }
  }

  async replace(key: string, bytes: Uint8Array): Promise<void> {
    await this.#do((abortSignal) => this.#client.send(new PutObjectCommand(this.#put(key, bytes)), { abortSignal }));
  }

  async get(key: string): Promise<Buffer | undefined> {
    try {
      return await this.#call(async (abortSignal) => {
        const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.#o.bucket, Key: this.#key(key) }), { abortSignal });
        return Buffer.from((await Body?.transformToByteArray()) ?? new Uint8Array(0));
      });
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw explained(error);
    }
  }

  async list(prefix: string): Promise<readonly ObjectInfo[]> {
    const from = `${this.#o.prefix}${prefixParts(prefix).join('/')}/`;
    const found: ObjectInfo[] = [];
    for (let token: string | undefined; ; ) {
      const input = { Bucket: this.#o.bucket, Prefix: from, ...(token === undefined ? {} : { ContinuationToken: token }) };
      const page = await this.#do((abortSignal) => this.#client.send(new ListObjectsV2Command(input), { abortSignal }));
      for (const { Key, Size } of page.Contents ?? []) {
        const name = Key?.slice(from.length);
        if (name?.split('/').every(isSegment) === true) found.push({ name, bytes: Size ?? 0 });
      }
      if (page.IsTruncated !== true) return found.sort(byName);
      token = page.NextContinuationToken;
      if (token === undefined) throw new EnvironmentError('env.io', 'object storage: a list was cut off without saying where it goes on');
    }
  }

  async remove(key: string): Promise<void> {
    await this.removeEarlier(key);
    await this.#do((abortSignal) => this.#client.send(new DeleteObjectCommand({ Bucket: this.#o.bucket, Key: this.#key(key) }), { abortSignal }));
    // With versions that left a mark of deletion as the newest; what was the newest before is an earlier one now.
    await this.removeEarlier(key);
  }

  /** A version under object lock cannot be removed: then this throws, and what waits for it tries again later. */
  async removeEarlier(key: string): Promise<void> {
    const input = { Bucket: this.#o.bucket, Key: this.#key(key) };
    let versions: readonly { Key?: string | undefined; VersionId?: string | undefined; IsLatest?: boolean | undefined }[];
    try {
      versions = (await this.#call((abortSignal) => this.#client.send(new ListObjectVersionsCommand({ Bucket: input.Bucket, Prefix: input.Key }), { abortSignal }))).Versions ?? [];
    } catch (error) {
      // A server without versions has no earlier ones.
      if ((statusOf(error) ?? 500) < 500 || statusOf(error) === 501) return;
      throw explained(error);
    }
    for (const { Key, VersionId, IsLatest } of versions) {
      if (Key !== input.Key || IsLatest === true || VersionId === undefined || VersionId === 'null') continue;
      await this.#do((abortSignal) => this.#client.send(new DeleteObjectCommand({ ...input, VersionId }), { abortSignal }));
    }
  }

  async check(): Promise<void> {
    await this.#do((abortSignal) => this.#client.send(new HeadBucketCommand({ Bucket: this.#o.bucket }), { abortSignal }));
  }

  async checkLock(): Promise<void> {
    let enabled: string | undefined;
    try {
      const reply = await this.#call((abortSignal) => this.#client.send(new GetObjectLockConfigurationCommand({ Bucket: this.#o.bucket }), { abortSignal }));
      enabled = reply.ObjectLockConfiguration?.ObjectLockEnabled;
    } catch (error) {
      if ((statusOf(error) ?? 500) >= 500) throw explained(error);
    }
    if (enabled !== 'Enabled') throw new EnvironmentError('env.io', `object storage: the bucket ${this.#o.bucket} has no object lock: make one that has, or remove objects.s3.lock`);
  }

  async checkConditionalWrites(): Promise<void> {
    const put = { ...this.#put(PROBE, Buffer.from('sallyport\n')), IfNoneMatch: '*' };
    for (let i = 0; i < 2; i++) {
      try {
        await this.#call((abortSignal) => this.#client.send(new PutObjectCommand(put), { abortSignal }));
      } catch (error) {
        const status = statusOf(error);
        if (status === 412 || status === 409) return;
        if (status === 501 || status === 400) break;
        throw explained(error);
      }
    }
    throw new EnvironmentError('env.io', 'object storage: this server does not keep to If-None-Match (conditional writes), so objects of recordings could be replaced unseen: use one that does');
  }

  #key(key: string): string {
    return `${this.#o.prefix}${keyParts(key).join('/')}`;
  }

  #put(key: string, bytes: Uint8Array): PutObjectCommandInput {
    return { Bucket: this.#o.bucket, Key: this.#key(key), Body: bytes, ContentLength: bytes.length, ChecksumSHA256: createHash('sha256').update(bytes).digest('base64') };
  }

  #retention(): Pick<PutObjectCommandInput, 'ObjectLockMode' | 'ObjectLockRetainUntilDate'> {
    const { lock, clock } = this.#o;
    return lock === undefined ? {} : { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: new Date(clock.nowMs() + lock.days * DAY_MS) };
  }

  #call<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return work(AbortSignal.timeout(CALL_MS));
  }

  async #do<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await this.#call(work);
    } catch (error) {
      throw explained(error);
    }
  }
}

/** HTTP status of the server's refusal; undefined when there was no answer. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const metadata: unknown = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

function explained(error: unknown): Error {
  if (error instanceof BugError || error instanceof EnvironmentError) return error;
  const name = error instanceof Error ? error.name : '';
  const status = statusOf(error);
  const what = `object storage: ${name === 'TimeoutError' || name === 'AbortError' ? 'no answer in time' : `${messageOf(error) || name}${status === undefined ? '' : ` (HTTP ${status})`}`}`;
  const mayCome = status === undefined || status >= 500 || status === 429;
  return new EnvironmentError(mayCome ? 'env.unreachable' : 'env.io', what, { cause: error });
}
