/** AWS Signature Version 4 as S3 checks it on the Authorization header (header-signed requests only). */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const FORM = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([0-9]{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
const SKEW_MS = 15 * 60_000;

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Uint8Array, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** @throws S3Refusal for anything but a fresh, correct signature over this very request and body */
export function checkSignature(request: IncomingMessage, body: Uint8Array, secrets: ReadonlyMap<string, string>): void {
  const match = FORM.exec(request.headers.authorization ?? '');
  if (match === null) throw new S3Refusal(403, 'AccessDenied', 'not signed');
  const [, keyId = '', day = '', region = '', signedHeaders = '', signature = ''] = match;
  const secret = secrets.get(keyId);
  if (secret === undefined) throw new S3Refusal(403, 'InvalidAccessKeyId', 'unknown access key');
  const date = header(request, 'x-amz-date');
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(at) || !date.startsWith(day) || Math.abs(Date.now() - at) > SKEW_MS) throw new S3Refusal(403, 'RequestTimeTooSkewed', 'the time of the request is off');
  const payload = header(request, 'x-amz-content-sha256');
  if (payload !== sha256(body)) throw new S3Refusal(400, 'XAmzContentSHA256Mismatch', 'the body is not what was signed');
  const names = signedHeaders.split(';');
  const must = ['host', ...Object.keys(request.headers).filter((n) => n.startsWith('x-amz-') || n === 'if-none-match')];
  for (const n of must) if (!names.includes(n)) throw new S3Refusal(403, 'AccessDenied', `the header ${n} is not signed`);
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const canonicalQuery = query.split('&').filter((p) => p !== '').map((p) => (p.includes('=') ? p : `${p}=`)).sort().join('&');
  const canonical = [request.method, path, canonicalQuery, ...names.map((n) => `${n}:${header(request, n).trim().replace(/ +/g, ' ')}`), '', signedHeaders, payload].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request');
  const expected = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n'));
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) throw new S3Refusal(403, 'SignatureDoesNotMatch', 'the signature does not match');
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}
