/** Configuration of the transparency log: how often it signs, who witnesses it, whose logs it witnesses, who stamps it. */
import { readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { line } from '../../contract/store/index.ts';
import { ConfigError, MalformedError, messageOf } from '../../base/errors.ts';
import { formatVkey, noteKeyTypes, parseVkey, type NoteKey } from '../../evidence/note.ts';
import { parseTlogPolicy } from '../../evidence/tlog-policy.ts';
import type { TimestampAuthority } from '../../evidence/trust.ts';
import type { StoreKeys } from '../trust/store-keys.ts';

const vkey = (type: number) =>
  z.string().max(1_000).refine((text) => {
    try {
      return parseVkey(text, type).name !== '';
    } catch (error) {
      if (error instanceof MalformedError) return false;
      throw error;
    }
  }, 'not a verifier key of this type');

export const logConfig = z.strictObject({
  /** Least time between two checkpoints. */
  checkpoint_seconds: z.number().min(0.02).max(60).default(1),
  /** Witnesses of others (C2SP tlog-witness) that are asked to cosign each checkpoint. */
  witnesses: z.array(z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,50}$/), vkey: vkey(noteKeyTypes.cosignature), url: z.url({ protocol: /^https?$/ }) })).max(14).default([]),
  /** How many of those witnesses a verifier must find on a checkpoint, besides this store's own. */
  quorum: z.number().int().min(0).max(14).default(0),
  /** Logs of others that this store witnesses. */
  witness_for: z.array(vkey(noteKeyTypes.ed25519)).max(1_000).default([]),
  tsa: z
    .strictObject({
      name: line(255),
      url: z.url({ protocol: /^https?$/ }),
      /** PEM of the certificate that the authority's chain ends at. */
      certificate: z.string().max(50_000).optional(),
      certificate_file: z.string().min(1).optional(),
      every_seconds: z.number().min(1).max(86_400).default(600),
    })
    .refine((t) => (t.certificate === undefined) !== (t.certificate_file === undefined), 'give exactly one of certificate, certificate_file')
    .optional(),
}).refine((c) => c.quorum <= c.witnesses.length, 'the quorum is larger than the number of witnesses');
export type LogConfig = z.output<typeof logConfig>;

/** With the path of the certificate made absolute. */
export const logConfigAt = (c: LogConfig, at: (path: string) => string): LogConfig =>
  c.tsa?.certificate_file === undefined ? c : { ...c, tsa: { ...c.tsa, certificate_file: at(c.tsa.certificate_file) } };

/** @throws ConfigError when the certificate cannot be read */
export function authorityOf(tsa: NonNullable<LogConfig['tsa']>): TimestampAuthority {
  try {
    const pem = tsa.certificate ?? readFileSync(tsa.certificate_file ?? '', 'utf8');
    return { name: tsa.name, certificate: new Uint8Array(new X509Certificate(pem).raw) };
  } catch (cause) {
    throw new ConfigError(`is not a certificate in PEM: ${messageOf(cause)}`, { field: 'log.tsa' });
  }
}

/** What verifiers of this organisation ask of the log, as C2SP tlog-policy: this store's own witness, and the quorum of the others. */
export function logPolicyOf(config: LogConfig, keys: Pick<StoreKeys, 'log' | 'witness'>): string {
  const keyOf = (k: StoreKeys['log']): NoteKey => ({ name: k.name, publicKey: k.signer.publicKey });
  const lines = [`log ${formatVkey(keyOf(keys.log), noteKeyTypes.ed25519)}`, `witness store ${formatVkey(keyOf(keys.witness), noteKeyTypes.cosignature)}`, ...config.witnesses.map((w) => `witness w-${w.name} ${w.vkey}`)];
  if (config.quorum > 0) lines.push(`group others ${config.quorum} ${config.witnesses.map((w) => `w-${w.name}`).join(' ')}`, 'group store-and-others all store others');
  const text = `${[...lines, `quorum ${config.quorum > 0 ? 'store-and-others' : 'store'}`].join('\n')}\n`;
  parseTlogPolicy(text);
  return text;
}
