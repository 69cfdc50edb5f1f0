/**
 * A small, strict S3 for tests only. The servers on npm need a newer Node than ours (two), or know no conditional
 * writes (the rest), so this one knows just what the store uses: signed PUT, GET, HEAD bucket, list v2, object lock.
 * It refuses whatever it does not know, and can be slow, failing or away.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Bucket, type BucketOptions } from './bucket.ts';
import { checkSignature, S3Refusal } from './signature.ts';

export interface S3TestOptions extends BucketOptions {
  readonly bucket?: string;
  /** Objects per page of a list. */
  readonly pageSize?: number;
}

/** What happens to a request: it is answered with this status, cut off unseen, or carried out and the answer lost. */
export type Fault = { readonly status: number } | 'cut' | 'lost' | undefined;

export class S3TestServer {
  readonly bucketName: string;
  readonly bucket: Bucket;
  readonly accessKeyId = 'AKIATESTTESTTESTTEST';
  readonly secretAccessKey = 'test/secret+of/the/object+store';
  /** Asked for every request; tests replace it. */
  fault: (request: IncomingMessage) => Fault = () => undefined;
  /** Requests answered, by method and status: `PUT 200`. */
  readonly answered = new Map<string, number>();
  readonly #pageSize: number;
  readonly #lost = new WeakSet<ServerResponse>();
  #server: Server | undefined;
  #port = 0;

  private constructor(o: S3TestOptions) {
    this.bucketName = o.bucket ?? 'recordings';
    this.bucket = new Bucket(o);
    this.#pageSize = o.pageSize ?? 1_000;
  }

  static async start(o: S3TestOptions = {}): Promise<S3TestServer> {
    const s3 = new S3TestServer(o);
    await s3.up();
    return s3;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens, after `down` on the same port as before, with the objects of before. */
  async up(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.#port = address.port;
    this.#server = server;
  }

  /** Away: connections are cut, new ones refused. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    try {
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    } catch {
      return;
    }
    const body = Buffer.concat(parts);
    const fault = this.fault(request);
    if (fault === 'lost') this.#lost.add(response);
    if (fault === 'cut') {
      request.socket.destroy();
      return;
    }
    try {
      if (typeof fault === 'object') throw new S3Refusal(fault.status, 'InternalError', 'a fault that the test asked for');
      checkSignature(request, body, new Map([[this.accessKeyId, this.secretAccessKey]]));
      this.#answer(request, response, body);
    } catch (error) {
      const refusal = error instanceof S3Refusal ? error : new S3Refusal(500, 'InternalError', String(error));
      this.#send(request, response, refusal.status, `<?xml version="1.0"?><Error><Code>${refusal.code}</Code><Message>${refusal.message}</Message></Error>`, { 'content-type': 'application/xml' });
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const url = new URL(request.url ?? '/', this.endpoint);
    const [, bucket, ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    if (bucket !== this.bucketName) throw new S3Refusal(404, 'NoSuchBucket', 'no such bucket');
    if (key === '') {
      this.#ofBucket(request, response, url);
      return;
    }
    if (request.method === 'PUT') {
      const header = (name: string): string | undefined => request.headers[name] as string | undefined;
      const version = this.bucket.put(key, body, {
        ifNoneMatch: header('if-none-match'),
        checksumSha256: header('x-amz-checksum-sha256'),
        lockMode: header('x-amz-object-lock-mode'),
        lockUntil: header('x-amz-object-lock-retain-until-date'),
      });
      this.#send(request, response, 200, '', { etag: version.etag });
    } else if (request.method === 'GET') {
      const version = this.bucket.latest(key);
      if (version === undefined) throw new S3Refusal(404, 'NoSuchKey', 'no such key');
      this.#send(request, response, 200, version.bytes, { etag: version.etag, 'content-type': 'application/octet-stream' });
    } else if (request.method === 'DELETE') {
      this.bucket.remove(key, Date.now());
      this.#send(request, response, 204, '', {});
    } else throw new S3Refusal(501, 'NotImplemented', `${request.method ?? ''} of an object`);
  }

  #ofBucket(request: IncomingMessage, response: ServerResponse, url: URL): void {
    if (request.method === 'HEAD') this.#send(request, response, 200, '', {});
    else if (request.method === 'GET' && url.searchParams.has('object-lock')) {
      if (this.bucket.options.objectLock !== true) throw new S3Refusal(404, 'ObjectLockConfigurationNotFoundError', 'no object lock');
      this.#send(request, response, 200, '<?xml version="1.0"?><ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>', { 'content-type': 'application/xml' });
    } else if (request.method === 'GET' && url.searchParams.get('list-type') === '2') this.#send(request, response, 200, this.#list(url), { 'content-type': 'application/xml' });
    else throw new S3Refusal(501, 'NotImplemented', `${request.method ?? ''} of a bucket`);
  }

  #list(url: URL): string {
    const prefix = url.searchParams.get('prefix') ?? '';
    const after = Buffer.from(url.searchParams.get('continuation-token') ?? '', 'base64url').toString();
    const keys = this.bucket.keys().filter((k) => k.startsWith(prefix) && k > after);
    const page = keys.slice(0, this.#pageSize);
    const more = keys.length > page.length;
    const items = page.map((k) => `<Contents><Key>${k}</Key><Size>${this.bucket.latest(k)?.bytes.length ?? 0}</Size></Contents>`);
    const next = more ? `<NextContinuationToken>${Buffer.from(page.at(-1) ?? '').toString('base64url')}</NextContinuationToken>` : '';
    return `<?xml version="1.0"?><ListBucketResult><Name>${this.bucketName}</Name><Prefix>${prefix}</Prefix><KeyCount>${page.length}</KeyCount><IsTruncated>${more}</IsTruncated>${next}${items.join('')}</ListBucketResult>`;
  }

  #send(request: IncomingMessage, response: ServerResponse, status: number, body: string | Buffer, headers: Record<string, string>): void {
    const key = `${request.method ?? ''} ${status}`;
    this.answered.set(key, (this.answered.get(key) ?? 0) + 1);
    if (this.#lost.has(response)) request.socket.destroy();
    if (response.destroyed || request.socket.destroyed) return;
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}
