/** How the store listens: loopback in clear, beyond it with TLS of its own or behind proxies whose addresses are known. */
import { BlockList, isIP } from 'node:net';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import { BugError, ConfigError, messageOf } from '../base/errors.ts';
import { type ListenConfig, textOf } from './config-parts.ts';
import { StoreError } from './http/errors.ts';

/** The part of Fastify's options that `listen` decides. @throws ConfigError when certificate or key cannot be read */
export function listenOptions(c: ListenConfig): Pick<FastifyServerOptions, 'trustProxy'> & { https: { cert: string; key: string; minVersion: 'TLSv1.2' } | null } {
  const https = c.tls === undefined ? null : { cert: textOf(c.tls.cert_file, 'listen.tls.cert_file'), key: textOf(c.tls.key_file, 'listen.tls.key_file'), minVersion: 'TLSv1.2' as const };
  if (c.behind_proxy === undefined) return { trustProxy: false, https };
  const isTrusted = membership(c.behind_proxy.trusted);
  return { trustProxy: (address) => isTrusted(address), https };
}

/**
 * Behind a proxy the store speaks clear text, so only its proxies may speak to it, and only for clients that came over
 * TLS: otherwise bearer tokens would cross the network in clear. Probes carry nothing and may come from anywhere.
 */
export function guardProxied(app: FastifyInstance, c: ListenConfig, isProbe: (path: string) => boolean): void {
  if (c.behind_proxy === undefined) return;
  const isTrusted = membership(c.behind_proxy.trusted);
  app.addHook('onRequest', (request, _reply, done) => {
    if (isProbe(request.url)) done();
    else if (!isTrusted(request.socket.remoteAddress ?? '')) done(new StoreError('forbidden', 'this store takes requests from its proxies only (listen.behind_proxy.trusted)'));
    else if (request.protocol !== 'https') done(new StoreError('forbidden', 'the proxy did not say that the client came over TLS (X-Forwarded-Proto: https)'));
    else done();
  });
}

/** Listens and returns the port. @throws ConfigError for a busy port or an address that is not of this machine */
export async function listen(app: FastifyInstance, c: ListenConfig): Promise<number> {
  try {
    await app.listen({ host: c.host, port: c.port });
  } catch (cause) {
    throw new ConfigError(`cannot listen on ${c.host}:${c.port}: ${messageOf(cause)}`, { field: 'listen' });
  }
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new BugError('the server has no port');
  return address.port;
}

/** The URL that the ready line names. */
export function ownUrl(c: ListenConfig, port: number): string {
  return `${c.tls === undefined ? 'http' : 'https'}://${isIP(c.host) === 6 ? `[${c.host}]` : c.host}:${port}`;
}

function membership(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const n of networks) {
    const [address = '', bits] = n.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    // A socket that listens on :: sees IPv4 clients as ::ffff:a.b.c.d.
    const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  };
}
