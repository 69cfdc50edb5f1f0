/** A timestamp authority for tests: OpenSSL's own `ts` command behind a small HTTP server, with a CA of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const config = `
[ tsa ]
default_tsa = one
[ one ]
dir = .
serial = ./serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ req ]
distinguished_name = dn
[ dn ]
[ ca ]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[ stamp ]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[ other ]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,serverAuth
`;

export interface TestTsa {
  readonly url: string;
  /** PEM of the root that signed the authority's certificate. */
  readonly rootPem: string;
  /** Token (DER of the TimeStampToken) over a message, without the network. */
  token(message: Uint8Array): Uint8Array;
  /**
   * CMS over the bytes of a TSTInfo, as `openssl ts` would never make it: by a certificate that must not stamp, as
   * another content type, or without naming its certificate.
   */
  cms(tstInfo: Uint8Array, o: { readonly usage?: 'other'; readonly contentType?: string; readonly unnamed?: boolean }): Uint8Array;
  /** Answer 503 from now on. */
  fail(): void;
  stop(): Promise<void>;
}

export async function startTestTsa(alg: 'rsa' | 'ec' = 'rsa'): Promise<TestTsa> {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-tsa-'));
  const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  writeFileSync(join(dir, 'conf'), config);
  writeFileSync(join(dir, 'serial'), '01\n');
  const key = alg === 'rsa' ? ['-newkey', 'rsa:2048'] : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  openssl('req', '-x509', ...key, '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test TSA root', '-days', '30', '-config', 'conf', '-extensions', 'ca');
  openssl('req', ...key, '-nodes', '-keyout', 'tsa.key', '-out', 'tsa.csr', '-subj', '/CN=Test TSA', '-config', 'conf');
  for (const usage of ['stamp', 'other']) openssl('x509', '-req', '-in', 'tsa.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', 'conf', '-extensions', usage, '-out', `${usage}.pem`);
  let away = false;
  const reply = (query: Uint8Array): Buffer => {
    writeFileSync(join(dir, 'query'), query);
    openssl('ts', '-reply', '-config', 'conf', '-queryfile', 'query', '-signer', 'stamp.pem', '-inkey', 'tsa.key', '-out', 'reply');
    return readFileSync(join(dir, 'reply'));
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (away) response.writeHead(503).end();
      else response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(reply(Buffer.concat(parts)));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    rootPem: readFileSync(join(dir, 'ca.pem'), 'utf8'),
    token: (message) => {
      writeFileSync(join(dir, 'message'), message);
      openssl('ts', '-query', '-config', 'conf', '-data', 'message', '-sha256', '-cert', '-no_nonce', '-out', 'query');
      openssl('ts', '-reply', '-config', 'conf', '-queryfile', 'query', '-signer', 'stamp.pem', '-inkey', 'tsa.key', '-token_out', '-out', 'token');
      return new Uint8Array(readFileSync(join(dir, 'token')));
    },
    cms: (tstInfo, o) => {
      writeFileSync(join(dir, 'tst'), tstInfo);
      const named = o.unnamed === true ? [] : ['-cades'];
      openssl('cms', '-sign', '-binary', '-nodetach', ...named, '-md', 'sha256', '-econtent_type', o.contentType ?? '1.2.840.113549.1.9.16.1.4', '-in', 'tst', '-signer', o.usage === 'other' ? 'other.pem' : 'stamp.pem', '-inkey', 'tsa.key', '-outform', 'DER', '-out', 'cms');
      return new Uint8Array(readFileSync(join(dir, 'cms')));
    },
    fail: () => {
      away = true;
    },
    stop: async () => {
      await new Promise((closed) => server.close(closed));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
