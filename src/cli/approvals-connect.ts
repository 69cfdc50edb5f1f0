/** Connects an approver to the store: the embedded one of this machine's data directory, or a real one. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, EnvironmentError, messageOf } from '../base/errors.ts';
import { devAdminFile, devTokenReply } from '../contract/store/index.ts';
import { createStoreClient, type DeviceSigner, type SignInResult, type StoreClient } from '../proxy/core/store-client.ts';
import { openDeviceFile, personDeviceDir, requireApproved } from '../proxy/core/store-client-device.ts';
import { StoreHttp } from '../proxy/core/store-client-http.ts';
import { parseYaml } from '../store/config-yaml.ts';
import { readIfThere } from '../store/storage/secret-file.ts';

export interface ApproverOptions {
  readonly config: string;
  readonly as?: string;
  readonly groups: string;
  readonly tokenFile?: string;
}

export interface ApproverSession {
  readonly client: StoreClient;
  readonly identity: SignInResult;
  readonly device: DeviceSigner;
}

/** The two members that matter here; the file's owner reads the rest strictly. */
const configuration = z.looseObject({ data_dir: z.string().min(1), store: z.string().optional() });

/** @throws ConfigError for a wrong configuration or missing options, EnvironmentError when the store refuses or is away */
export async function connectApprover(o: ApproverOptions): Promise<ApproverSession> {
  const session = await connectPerson(o);
  requireApproved(await session.client.enrolDevice(`${hostname()} (command line)`.slice(0, 100)));
  return session;
}

/** Where the store is that this configuration names: for what it tells everybody. @throws ConfigError */
export async function storeAddress(file: string): Promise<string> {
  const { dataDir, remote } = placeOf(file);
  return remote ?? (await devAdmin(dataDir)).url;
}

/** Signs in only: what an administrator does needs no device. @throws as connectApprover */
export async function connectPerson(o: ApproverOptions): Promise<ApproverSession> {
  const { dataDir, remote } = placeOf(o.config);
  if (remote === undefined) return embedded(o, dataDir);
  if (o.as !== undefined) throw new ConfigError('--as works only with an embedded store: against a real one, identities come from sign-in', { field: '--as' });
  if (o.tokenFile === undefined) throw new ConfigError('a real store needs --token-file with an ID token of yours', { field: '--token-file' });
  const idToken = readNamedFile(o.tokenFile, '--token-file').trim();
  return signIn(remote, idToken, dataDir, subjectOf(idToken));
}

function placeOf(file: string): { readonly dataDir: string; readonly remote: string | undefined } {
  const config = parseYaml(configuration, readNamedFile(file, '--config'), file);
  return { dataDir: resolve(dirname(file), config.data_dir), remote: config.store !== undefined && config.store !== 'embedded' ? config.store : undefined };
}

async function embedded(o: ApproverOptions, dataDir: string): Promise<ApproverSession> {
  if (o.as === undefined) throw new ConfigError('say who decides', { field: '--as', fix: 'for example --as carol@example.com --groups dba' });
  const groups = o.groups.split(',').map((g) => g.trim()).filter((g) => g !== '');
  const admin = await devAdmin(dataDir);
  const http = new StoreHttp({ url: admin.url, device: undefined, userToken: () => undefined, nowMs: Date.now });
  const json = { subject: o.as, groups };
  const { id_token } = await http.call({ method: 'POST', path: '/v1/dev/token', auth: 'none', json, headers: { 'sallyport-dev-secret': admin.secret }, reply: devTokenReply });
  return signIn(admin.url, id_token, dataDir, o.as);
}

async function devAdmin(dataDir: string): Promise<z.output<typeof devAdminFile>> {
  const path = join(dataDir, 'store', 'dev-admin.json');
  const bytes = await readIfThere(path);
  if (bytes === undefined) throw new ConfigError(`no embedded store is running on ${dataDir}`, { field: 'data_dir', fix: 'start `sallyport gateway` or `sallyport store` with it first' });
  try {
    return devAdminFile.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new EnvironmentError('env.io', `${path} is damaged: ${messageOf(cause)}`);
  }
}

async function signIn(url: string, idToken: string, dataDir: string, subject: string): Promise<ApproverSession> {
  const device = openDeviceFile(personDeviceDir(dataDir, subject));
  const client = createStoreClient({ url, device });
  const identity = await client.signIn(idToken);
  return { client, identity, device };
}

/** Only names the key's directory; the store says who the token is for. */
function subjectOf(idToken: string): string {
  try {
    const payload: unknown = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return z.object({ sub: z.string().min(1) }).parse(payload).sub;
  } catch {
    throw new ConfigError('the file does not hold an ID token', { field: '--token-file' });
  }
}

/** Text of a file that the command line names. @throws ConfigError */
function readNamedFile(path: string, field: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`cannot be read: ${messageOf(cause)}`, { file: path, field });
  }
}
