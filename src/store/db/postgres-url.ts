/** The address of a PostgreSQL server. What is not understood is refused: an ignored `sslmode` would be a clear-text connection. */
import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { ConfigError, messageOf } from '../../base/errors.ts';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const PARAMETERS = new Set(['sslmode', 'sslrootcert']);

/**
 * `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=/path/ca.pem`. Without `sslmode`, TLS
 * with verification is used unless the host is this machine. `disable` must be written out.
 * @throws ConfigError that never holds the password
 */
export function postgresUrl(text: string): pg.ConnectionConfig {
  const refuse = (what: string): ConfigError => new ConfigError(what, { field: 'database', fix: 'postgres://user:password@host:5432/database' });
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    throw refuse('the address of the database is not a URL');
  }
  const database = decoded(url.pathname.slice(1));
  if (!['postgres:', 'postgresql:'].includes(url.protocol) || url.hostname === '' || url.username === '' || database === '') throw refuse('the address of the database needs user, host and database');
  for (const name of url.searchParams.keys()) if (!PARAMETERS.has(name)) throw refuse(`the address of the database has the unknown parameter ${name}`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const connection = { host, port: url.port === '' ? 5_432 : Number(url.port), user: decoded(url.username), password: decoded(url.password), database };
  return { ...connection, ssl: tls(url, refuse) };
}

function tls(url: URL, refuse: (what: string) => ConfigError): pg.ConnectionConfig['ssl'] {
  const mode = url.searchParams.get('sslmode') ?? (LOOPBACK.has(url.hostname) ? 'disable' : 'verify-full');
  const ca = url.searchParams.get('sslrootcert');
  if (mode === 'disable') return false;
  if (mode !== 'verify-full') throw refuse(`sslmode ${mode} proves nothing of the server: use verify-full, or disable on a network of your own`);
  if (ca === null) return { rejectUnauthorized: true };
  try {
    return { rejectUnauthorized: true, ca: readFileSync(ca, 'utf8') };
  } catch (cause) {
    throw refuse(`sslrootcert cannot be read: ${messageOf(cause)}`);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
