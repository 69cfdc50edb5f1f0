/** What a test bucket keeps: every version of every object, with object lock where the bucket has it. */
import { createHash } from 'node:crypto';
import { S3Refusal } from './signature.ts';

export interface Version {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly lock: { readonly mode: string; readonly until: number } | undefined;
}

export interface BucketOptions {
  readonly objectLock?: boolean;
  /** A server that does not know conditional writes: it answers 200 and replaces. */
  readonly ignoresConditions?: boolean;
}

export class Bucket {
  readonly options: BucketOptions;
  readonly #versions = new Map<string, Version[]>();

  constructor(options: BucketOptions) {
    this.options = options;
  }

  keys(): string[] {
    return [...this.#versions.keys()].sort();
  }

  /** Newest last. */
  versions(key: string): readonly Version[] {
    return this.#versions.get(key) ?? [];
  }

  latest(key: string): Version | undefined {
    return this.versions(key).at(-1);
  }

  put(key: string, bytes: Buffer, o: { ifNoneMatch: string | undefined; checksumSha256: string | undefined; lockMode: string | undefined; lockUntil: string | undefined }): Version {
    if (o.ifNoneMatch !== undefined && o.ifNoneMatch !== '*') throw new S3Refusal(501, 'NotImplemented', 'If-None-Match takes only *');
    if (o.checksumSha256 !== undefined && o.checksumSha256 !== createHash('sha256').update(bytes).digest('base64')) throw new S3Refusal(400, 'BadDigest', 'the checksum does not match');
    if (o.ifNoneMatch === '*' && this.options.ignoresConditions !== true && this.latest(key) !== undefined) throw new S3Refusal(412, 'PreconditionFailed', 'the key is taken');
    const version = { bytes, etag: `"${createHash('md5').update(bytes).digest('hex')}"`, lock: this.#lockOf(o, o.checksumSha256 !== undefined) };
    const older = this.options.objectLock === true ? this.versions(key) : [];
    this.#versions.set(key, [...older, version]);
    return version;
  }

  /** Removes a version for good. */
  remove(key: string, nowMs: number): void {
    const version = this.latest(key);
    if (version?.lock !== undefined && version.lock.until > nowMs) throw new S3Refusal(403, 'AccessDenied', 'the object is locked');
    this.#versions.delete(key);
  }

  #lockOf(o: { lockMode: string | undefined; lockUntil: string | undefined }, hasChecksum: boolean): Version['lock'] {
    if (o.lockMode === undefined && o.lockUntil === undefined) return undefined;
    const until = Date.parse(o.lockUntil ?? '');
    if (this.options.objectLock !== true) throw new S3Refusal(400, 'InvalidRequest', 'the bucket has no object lock');
    if (!hasChecksum) throw new S3Refusal(400, 'InvalidRequest', 'object lock needs Content-MD5 or a checksum');
    if (!['GOVERNANCE', 'COMPLIANCE'].includes(o.lockMode ?? '') || Number.isNaN(until)) throw new S3Refusal(400, 'InvalidArgument', 'mode and date of the lock');
    return { mode: o.lockMode ?? '', until };
  }
}
