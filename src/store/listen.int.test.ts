import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveStoreConfig } from './config.ts';
import { listenConfig } from './config-parts.ts';
import { isProbe } from './health/routes.ts';
import { answerErrors } from './http/error-answers.ts';
import { guardProxied, listen, listenOptions, ownUrl } from './listen.ts';

const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-listen-'));
const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
  rmSync(dir, { recursive: true, force: true });
});

/** A server that says who asked, listening as the store does. */
async function start(input: unknown): Promise<string> {
  const config = listenConfig.parse(input);
  const app = Fastify({ ...listenOptions(config), logger: false });
  answerErrors(app, () => undefined);
  guardProxied(app, config, isProbe);
  app.get('/*', (request) => ({ address: request.ip }));
  const port = await listen(app, config);
  closers.push(() => app.close());
  return ownUrl(config, port);
}

function get(url: string, headers: Record<string, string> = {}, ca?: Buffer): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = { headers, ...(ca === undefined ? {} : { ca }) };
    const req = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, options, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (part: string) => (text += part));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, text }));
    });
    req.on('error', reject);
    req.end();
  });
}

describe('listening', () => {
  const resolved = (listen: unknown): unknown => resolveStoreConfig({ data_dir: dir, dev_idp: { people: [] }, listen } as Parameters<typeof resolveStoreConfig>[0]);

  it.each([
    ['in clear beyond loopback', { host: '0.0.0.0' }, /with tls, or behind_proxy/],
    ['in clear on a name', { host: 'store.example.com' }, /with tls, or behind_proxy/],
    ['behind a proxy that is not named', { host: '0.0.0.0', behind_proxy: { trusted: [] } }, /behind_proxy/],
    ['behind a proxy with a bad network', { host: '0.0.0.0', behind_proxy: { trusted: ['10.0.0.0/33'] } }, /an address or a network/],
    ['with TLS at both ends', { host: '0.0.0.0', tls: { cert_file: 'a', key_file: 'b' }, behind_proxy: { trusted: ['10.0.0.1'] } }, /not at both/],
  ])('%s is refused', (_name, listen, message) => {
    expect(() => resolved(listen)).toThrow(message);
  });

  it('with TLS serves https and no http', async () => {
    const [cert_file, key_file] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key_file, '-out', cert_file, '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'pipe' });
    const url = await start({ tls: { cert_file, key_file } });
    expect(url).toMatch(/^https:/);
    expect((await get(`${url}/healthz`, {}, readFileSync(cert_file))).status).toBe(200);
    await expect(get(`${url}/healthz`)).rejects.toThrow(/self-signed/);
    await expect(get(`${url.replace('https', 'http')}/healthz`)).rejects.toThrow();
  });

  it('behind a proxy takes requests from it only, and only of clients that came over TLS', async () => {
    const trusted = await start({ behind_proxy: { trusted: ['127.0.0.0/8'] } });
    const tls = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };
    expect(await get(`${trusted}/v1/info`, tls)).toEqual({ status: 200, text: '{"address":"203.0.113.9"}' });
    expect(await get(`${trusted}/v1/info`)).toMatchObject({ status: 403, text: expect.stringMatching(/X-Forwarded-Proto/) as unknown });
    expect(await get(`${trusted}/v1/info`, { ...tls, 'x-forwarded-proto': 'http' })).toMatchObject({ status: 403 });
    expect((await get(`${trusted}/healthz`)).status).toBe(200);
    const strange = await start({ behind_proxy: { trusted: ['10.0.0.0/8', '::1'] } });
    expect(await get(`${strange}/v1/info`, tls)).toMatchObject({ status: 403, text: expect.stringMatching(/proxies only/) as unknown });
    expect((await get(`${strange}/readyz`)).status).toBe(200);
  });

  it('in clear takes no word of anybody about the client\'s address', async () => {
    const url = await start({});
    expect((await get(`${url}/v1/info`, { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' })).text).toBe('{"address":"127.0.0.1"}');
  });
});
