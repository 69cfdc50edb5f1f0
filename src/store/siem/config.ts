/** Configuration of the SIEM export: where events go. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { line } from '../../contract/store/index.ts';
import { ConfigError } from '../../base/errors.ts';
import { secretOf, secretSource, type SecretSource, textOf } from '../config-parts.ts';

const file = z.string().min(1).max(4_000);
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes');
const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'];

/** https; http only to this machine. */
export const endpointUrl = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .refine((text) => {
    const url = new URL(text);
    return url.protocol === 'https:' || LOOPBACK.includes(url.hostname);
  }, 'must use https')
  .refine((text) => new URL(text).username === '' && new URL(text).password === '', 'credentials do not belong into a URL: use bearer or headers');

const MIB = 1024 * 1024;

const fileSink = z.strictObject({
  name,
  type: z.literal('file'),
  path: file,
  /** A file of this size is put aside as `<path>.1`, the one before as `.2`, and so on. */
  rotate_bytes: z.number().int().min(64 * 1024).max(1024 * 1024 * MIB).default(100 * MIB),
  /** How many are kept aside; older ones are deleted. */
  keep: z.number().int().min(1).max(1_000).default(10),
});

const syslogSink = z.strictObject({
  name,
  type: z.literal('syslog'),
  host: z.string().min(1).max(253),
  port: z.number().int().min(1).max(65_535).default(6514),
  /** PEM of the CA that signed the receiver's certificate; absent: the system's. */
  ca_file: file.optional(),
  /** For receivers that ask for one. */
  cert_file: file.optional(),
  key_file: file.optional(),
  /** Name in the receiver's certificate, where it is not `host`. */
  server_name: line(253).optional(),
  /** Longer messages have their statement cut. RFC 5425 asks receivers for 8192. */
  max_bytes: z.number().int().min(2_048).max(MIB).default(64 * 1024),
});

const httpSink = z.strictObject({
  name,
  type: z.literal('http'),
  url: endpointUrl,
  /** One event per line, or a JSON array. */
  body: z.enum(['ndjson', 'array']).default('ndjson'),
  bearer: secretSource.optional(),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/), secretSource).default({}),
  ca_file: file.optional(),
  batch_events: z.number().int().min(1).max(5_000).default(500),
  timeout_seconds: z.number().min(1).max(300).default(30),
});

export const sinkConfig = z.discriminatedUnion('type', [fileSink, syslogSink, httpSink]);
export type SinkConfig = z.output<typeof sinkConfig>;
export type FileSinkConfig = z.output<typeof fileSink>;
export type SyslogSinkConfig = z.output<typeof syslogSink>;
export type HttpSinkConfig = z.output<typeof httpSink>;

export const siemConfig = z
  .strictObject({
    /** Where a store that begins to send starts: with what comes from now on, or with all that it has. */
    start: z.enum(['now', 'beginning']).default('now'),
    /** Events that may wait in the database. When receivers are further behind, reading stops; nothing is dropped. */
    max_queue: z.number().int().min(1_000).max(100_000_000).default(1_000_000),
    sinks: z.array(sinkConfig).max(20).default([]),
  })
  .refine((c) => new Set(c.sinks.map((s) => s.name)).size === c.sinks.length, 'two sinks have one name');
export type SiemConfig = z.output<typeof siemConfig>;

/** With every path made absolute by `at`. */
export function siemConfigAt(c: SiemConfig, at: (path: string) => string): SiemConfig {
  const source = (s: SecretSource): SecretSource => (s.file === undefined ? s : { ...s, file: at(s.file) });
  const optional = (path: string | undefined): string | undefined => (path === undefined ? undefined : at(path));
  return {
    ...c,
    sinks: c.sinks.map((s) => {
      if (s.type === 'file') return { ...s, path: at(s.path) };
      if (s.type === 'syslog') return { ...s, ca_file: optional(s.ca_file), cert_file: optional(s.cert_file), key_file: optional(s.key_file) };
      return { ...s, ca_file: optional(s.ca_file), bearer: s.bearer === undefined ? undefined : source(s.bearer), headers: Object.fromEntries(Object.entries(s.headers).map(([k, v]) => [k, source(v)])) };
    }),
  };
}

export interface SyslogTls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly serverName: string | undefined;
}

/** @throws ConfigError when a file cannot be read, or a certificate comes without its key */
export function syslogTls(s: SyslogSinkConfig): SyslogTls {
  const field = `siem.sinks.${s.name}`;
  if ((s.cert_file === undefined) !== (s.key_file === undefined)) throw new ConfigError('give both cert_file and key_file, or neither', { field });
  const read = (path: string | undefined): string | undefined => (path === undefined ? undefined : textOf(path, field));
  // SNI carries names only (RFC 6066 section 3); an address is checked against the certificate all the same.
  const serverName = s.server_name ?? (isIP(s.host) === 0 ? s.host : undefined);
  return { ca: read(s.ca_file), cert: read(s.cert_file), key: read(s.key_file), serverName };
}

/** Header fields with their secrets. @throws ConfigError */
export function httpHeaders(s: HttpSinkConfig): Record<string, string> {
  const field = `siem.sinks.${s.name}`;
  const headers = Object.fromEntries(Object.entries(s.headers).map(([k, v]) => [k.toLowerCase(), oneLine(secretOf(v, `${field}.headers.${k}`), field)]));
  if (s.bearer === undefined) return headers;
  return { ...headers, authorization: `Bearer ${oneLine(secretOf(s.bearer, `${field}.bearer`), field)}` };
}

function oneLine(text: string, field: string): string {
  if (!/^[\x20-\x7e]+$/.test(text)) throw new ConfigError('a secret for a header is one line of plain characters', { field });
  return text;
}
