/**
 * deploy/: the chart is rendered by Helm itself, and the configuration that comes out is read by the store's own
 * reader. Containers are not started here: compose and Containerfile are checked for what they refer to.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { helmProgram } from '../testing/helm.ts';
import { runProcess } from '../testing/process.ts';
import { loadStoreConfig } from './config.ts';
import { storeKeyNames } from './storage/key-files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const chart = join(root, 'deploy', 'helm', 'sallyport-store');
const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-deploy-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const given = {
  host: 'store.example.com',
  config: { issuers: [{ issuer: 'https://login.example.com', client_id: 'sallyport' }], roles: { auditor: ['audit'] } },
  database: { secret: { name: 'store-db' } },
  objects: { bucket: 'sallyport-recordings', credentialsSecret: 'store-s3', lock: { mode: 'COMPLIANCE', days: 2555 } },
  keys: { secret: 'store-keys' },
  trustedProxies: ['10.42.0.0/16'],
  ingress: { enabled: true, tlsSecret: 'store-tls' },
};

const object = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
const deployment = z.looseObject({
  spec: z.looseObject({
    replicas: z.number(),
    template: z.looseObject({
      spec: z.looseObject({
        securityContext: z.looseObject({ runAsNonRoot: z.literal(true), fsGroup: z.number() }),
        volumes: z.array(z.looseObject({ name: z.string(), secret: z.looseObject({ secretName: z.string(), defaultMode: z.number() }).optional() })),
        containers: z.array(z.looseObject({ image: z.string(), volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })), readinessProbe: z.looseObject({ httpGet: z.looseObject({ path: z.string(), scheme: z.string() }) }) })).length(1),
      }),
    }),
  }),
});

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('the Helm chart', () => {
  let helm = '';
  beforeAll(async () => {
    helm = (await helmProgram()) ?? '';
  });

  async function rendered(values: unknown): Promise<{ objects: z.output<typeof object>[]; error: string }> {
    const file = join(dir, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    const out = await runProcess(helm, ['template', 'demo', chart, '-f', file], { env: { ...process.env, HELM_CACHE_HOME: join(dir, 'helm') } });
    return { objects: out.code === 0 ? parseAllDocuments(out.stdout).map((d) => object.parse(d.toJS())) : [], error: out.stderr };
  }

  it('passes Helm\'s own checks', async () => {
    const file = join(dir, 'lint.json');
    writeFileSync(file, JSON.stringify(given));
    const out = await runProcess(helm, ['lint', '--strict', chart, '-f', file]);
    expect(out.stdout).toMatch(/1 chart\(s\) linted, 0 chart\(s\) failed/);
  });

  it('renders a configuration that the store takes', async () => {
    const { objects } = await rendered(given);
    expect(objects.map((o) => o.kind).sort()).toEqual(['ConfigMap', 'Deployment', 'Ingress', 'PodDisruptionBudget', 'Service', 'ServiceAccount']);
    const map = z.looseObject({ data: z.strictObject({ 'store.yaml': z.string() }) }).parse(objects.find((o) => o.kind === 'ConfigMap'));
    const file = join(dir, 'store.yaml');
    writeFileSync(file, map.data['store.yaml']);
    expect(loadStoreConfig(file)).toMatchObject({
      origin: 'store.example.com',
      public_url: 'https://store.example.com',
      listen: { host: '0.0.0.0', port: 8080, behind_proxy: { trusted: ['10.42.0.0/16'] } },
      objects: { s3: { bucket: 'sallyport-recordings', lock: { mode: 'COMPLIANCE', days: 2555 } } },
      keys_dir: '/etc/sallyport/keys',
    });
  });

  it('renders pods that mount only what there is, with keys that the store accepts', async () => {
    const { objects } = await rendered({ ...given, trustedProxies: [], tls: { secret: 'own-tls' } });
    const { spec } = deployment.parse(objects.find((o) => o.kind === 'Deployment')).spec.template;
    const [container] = spec.containers;
    const names = spec.volumes.map((v) => v.name);
    expect(container?.volumeMounts.map((m) => m.name).sort()).toEqual([...names].sort());
    expect(container?.readinessProbe.httpGet).toMatchObject({ path: '/readyz', scheme: 'HTTPS' });
    // Readable by the group that the pod runs as, and by nobody else: what readIfThere demands of key files.
    for (const v of spec.volumes) if (v.secret !== undefined) expect(v.secret.defaultMode & 0o037).toBe(0);
    const map = z.looseObject({ data: z.strictObject({ 'store.yaml': z.string() }) }).parse(objects.find((o) => o.kind === 'ConfigMap'));
    expect(map.data['store.yaml']).toMatch(/cert_file: \/etc\/sallyport\/tls\/tls\.crt/);
  });

  it.each([
    ['without a bucket', { objects: { bucket: '' } }, /objects\.bucket/],
    ['without keys', { keys: { secret: '' } }, /keys\.secret/],
    ['without a database', { database: { secret: { name: '' } } }, /database\.secret\.name/],
    ['without a way to sign in', { config: {} }, /sign-in provider/],
    ['in clear', { trustedProxies: [] }, /tls\.secret, or trustedProxies/],
    ['with an ingress in clear', { ingress: { enabled: true, tlsSecret: '' } }, /ingress\.tlsSecret/],
  ])('is not rendered %s', async (_name, change, message) => {
    const { objects, error } = await rendered({ ...given, ...change });
    expect(objects).toEqual([]);
    expect(error).toMatch(message);
  });
});

const service = z.looseObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']) })).default({}),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
  networks: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]),
  ports: z.array(z.string()).default([]),
});
const compose = z.strictObject({ name: z.string(), services: z.record(z.string(), service), volumes: z.record(z.string(), z.strictObject({})), networks: z.record(z.string(), z.unknown()) });

describe('the compose file', () => {
  const at = join(root, 'deploy', 'compose');
  const file = compose.parse(parse(readFileSync(join(at, 'compose.yaml'), 'utf8')));

  it('refers only to what there is', () => {
    for (const [name, s] of Object.entries(file.services)) {
      for (const [other, { condition }] of Object.entries(s.depends_on)) {
        expect(file.services[other], `${name} depends on ${other}`).toBeDefined();
        if (condition === 'service_healthy') expect(file.services[other]?.healthcheck, `${other} has a health check`).toBeDefined();
      }
      for (const v of s.volumes) {
        const [source = ''] = v.split(':');
        if (!source.startsWith('./')) expect(file.volumes[source], `${name} mounts ${source}`).toBeDefined();
        else if (!['./keys', './proxy'].includes(source)) expect(existsSync(join(at, source)), `${name} mounts ${source}`).toBe(true);
      }
      for (const p of s.ports) expect(p, 'only this machine may connect').toMatch(/^127\.0\.0\.1:/);
    }
  });

  it('gives the store a configuration that it takes, and secrets that init.sh makes', () => {
    expect(loadStoreConfig(join(at, 'store.yaml'))).toMatchObject({ listen: { behind_proxy: { trusted: ['172.30.90.0/24'] } }, keys_dir: '/etc/sallyport/keys' });
    const copy = join(dir, 'compose');
    cpSync(join(at, 'init.sh'), join(copy, 'init.sh'));
    execFileSync('sh', [join(copy, 'init.sh')]);
    const first = readFileSync(join(copy, '.env'), 'utf8');
    execFileSync('sh', [join(copy, 'init.sh')]);
    expect(readFileSync(join(copy, '.env'), 'utf8')).toBe(first);
    expect(readdirSync(join(copy, 'keys')).sort()).toEqual(storeKeyNames.map((n) => `${n}.key`).sort());
    for (const n of storeKeyNames) expect([statSync(join(copy, 'keys', `${n}.key`)).size, statSync(join(copy, 'keys', `${n}.key`)).mode & 0o777]).toEqual([32, 0o600]);
    const asked = [...readFileSync(join(at, 'compose.yaml'), 'utf8').matchAll(/\$\{([A-Z_0-9]+):/g)].map((m) => m[1]);
    for (const name of new Set(asked)) expect(first).toMatch(new RegExp(`^${name ?? ''}=.+$`, 'm'));
  });

  it('builds an image from files that are there, which does not run as root', () => {
    const text = readFileSync(join(root, 'deploy', 'Containerfile'), 'utf8');
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((m) => (m[1] ?? '').split(' '));
    expect(copied.length).toBeGreaterThan(0);
    for (const name of copied) expect(existsSync(join(root, name)), name).toBe(true);
    expect(text).toMatch(/^USER 10001:10001$/m);
    expect(file.services['store']?.build).toEqual({ context: '../..', dockerfile: 'deploy/Containerfile' });
  });
});
