/** The app's configuration file, read strictly: `--sallyport-config=<file>`, else `config.json` beside the app's data. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ConfigError, messageOf } from '../../base/errors.ts';
import { ringName } from '../../tuf/metadata.ts';

const schema = z.strictObject({
  /** Address of the organisation's store. */
  storeUrl: z.url(),
  /** Where recordings, the device key, history and settings lie. Default: the system's place for application data. */
  dataDir: z.string().min(1).optional(),
  /** Directory of a policy bundle that nobody signed: only with a store on this machine. */
  bundle: z.string().min(1).optional(),
  /** Signed bundles of the store: the root to trust, which the administrator gives out, and this device's ring. */
  policy: z
    .strictObject({ rootFile: z.string().min(1).optional(), rootSha256: z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in hex').optional(), ring: ringName.default('stable') })
    .refine((p) => (p.rootFile === undefined) !== (p.rootSha256 === undefined), 'give exactly one of rootFile, rootSha256')
    .optional(),
  /** Set by `npm start` only: generated data and a development identity provider. */
  demo: z
    .strictObject({
      /** Fills in the development provider's form. Refused where the store's provider is a real one. */
      autoSignIn: z.strictObject({ subject: z.string().min(1), password: z.string().optional() }).optional(),
    })
    .optional(),
}).superRefine((c, context) => {
  const say = (message: string): void => context.addIssue({ code: 'custom', path: ['bundle'], message });
  if ((c.bundle === undefined) === (c.policy === undefined)) say('give exactly one of policy (signed bundles of the store) and bundle (a directory)');
  else if (c.bundle !== undefined && URL.canParse(c.storeUrl) && !['127.0.0.1', 'localhost', '[::1]'].includes(new URL(c.storeUrl).hostname)) say('a bundle directory works only with a store on this machine; name the root to trust under policy');
});

export interface AppConfig {
  readonly storeUrl: string;
  readonly dataDir: string | undefined;
  readonly bundle: string | undefined;
  readonly policy: { readonly rootFile?: string | undefined; readonly rootSha256?: string | undefined; readonly ring: string } | undefined;
  readonly demo: boolean;
  readonly autoSignIn: { readonly subject: string; readonly password?: string | undefined } | undefined;
}

const OPTION = '--sallyport-config=';

/** The file that the command line names, or the default. */
export function configPath(argv: readonly string[], defaultPath: string): string {
  const given = argv.find((a) => a.startsWith(OPTION))?.slice(OPTION.length);
  return given === undefined ? defaultPath : path.resolve(given);
}

/** Relative paths count from the file's folder. @throws ConfigError naming the file and every bad field. */
export function loadConfig(file: string): AppConfig {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new ConfigError(missing ? 'there is no configuration' : `cannot be read: ${messageOf(error)}`, { file, fix: 'your administrator gives you this file; it names the store and the policy bundle' });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((i) => `${i.path.join('.') || 'file'}: ${i.message}`).join('; '), { file });
  const { storeUrl, dataDir, bundle, policy, demo } = parsed.data;
  const at = (p: string): string => path.resolve(path.dirname(file), p);
  return { storeUrl, dataDir: dataDir === undefined ? undefined : at(dataDir), bundle: bundle === undefined ? undefined : at(bundle), policy: policy === undefined ? undefined : { ...policy, rootFile: policy.rootFile === undefined ? undefined : at(policy.rootFile) }, demo: demo !== undefined, autoSignIn: demo?.autoSignIn };
}
