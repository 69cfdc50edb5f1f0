/** Certificates of a real store, shown to a real sshd: the store issues, the proxy signs on, the host decides. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import type { Client } from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { systemRandom } from '../../base/clock.ts';
import { toBase64, toHex } from '../../base/encoding.ts';
import { parseSessionId, uuidv7 } from '../../base/ids.ts';
import { auditList, type CaKey, caKeyList } from '../../contract/store/index.ts';
import { ed25519Signer, generateSeed } from '../../evidence/sign.ts';
import { type CertificateHost, startCertificateHost } from '../../testing/certificate-host.ts';
import { eventually } from '../../testing/eventually.ts';
import { sealer } from '../../store/crypto/seal.ts';
import { type Person, startTestStore, type TestStore } from '../../testing/store-harness.ts';
import { type Certificate, decodeCertificate, ED25519_CERTIFICATE } from '../../wire/ssh/certificate.ts';
import { blobOfLine, ED25519, encodePublicKey, keyLine } from '../../wire/ssh/public-key.ts';
import { certificateFor, ephemeralKey } from './certificate.ts';
import { connectUpstream } from './upstream.ts';

let host: CertificateHost;
let store: TestStore;
let alice: Person;
let adminToken: string;

beforeAll(async () => {
  host = await startCertificateHost();
  const base = { protocol: 'ssh' as const, host: '127.0.0.1', port: host.port, host_keys: [host.hostKey] };
  const user = host.user;
  store = await startTestStore({
    targets: [
      { ...base, name: 'web', credentials: { user, ssh_ca: { lifetime_s: 120 } } },
      { ...base, name: 'somebody-else', credentials: { user, ssh_ca: { principals: ['somebody-else'] } } },
      { ...base, name: 'near', credentials: { user, ssh_ca: { source_address: ['10.0.0.0/8', '127.0.0.0/8'], extensions: ['permit-port-forwarding'] } } },
      { ...base, name: 'far', credentials: { user, ssh_ca: { source_address: ['10.0.0.0/8', '2001:db8::/32'] } } },
      { ...base, name: 'own-account', credentials: { user: '{local_part@example.com}', ssh_ca: { principals: ['{sub}', 'staff'] } } },
      { ...base, name: 'old', credentials: { user, password: 'x' } },
    ],
  });
  alice = await store.person('alice@example.com', ['engineering']);
  adminToken = (await (await store.person('erin@example.com', ['platform', 'audit'])).client.signIn(await store.token('erin@example.com', ['platform', 'audit']))).token;
}, 120_000);
afterAll(async () => {
  await store.stop();
  await host.stop();
});

const newSession = () => parseSessionId(uuidv7(Date.now(), systemRandom.bytes(10)));

async function api(method: string, at: string, token = adminToken): Promise<Response> {
  return fetch(`${store.url()}${at}`, { method, headers: token === '' ? {} : { authorization: `Bearer ${token}` } });
}
async function keys(): Promise<CaKey[]> {
  return caKeyList.parse(await (await api('GET', '/v1/ssh-ca/keys')).json()).keys;
}
/** As a host does it, without any identity. */
async function hostFetches(): Promise<void> {
  const [trusted, krl] = await Promise.all([api('GET', '/v1/ssh-ca/trusted-keys', ''), api('GET', '/v1/ssh-ca/krl', '')]);
  host.trust(await trusted.text(), new Uint8Array(await krl.arrayBuffer()));
}

interface Issued {
  readonly name: string;
  readonly key: ReturnType<typeof ephemeralKey>;
  readonly credential: Awaited<ReturnType<Person['client']['lease']>>;
  readonly certificate: Certificate;
}
async function issue(name: string, by = alice, session = newSession()): Promise<Issued> {
  const key = ephemeralKey();
  const credential = await by.client.lease(name, session, key.publicKey);
  return { name, key, credential, certificate: decodeCertificate(blobOfLine(ED25519_CERTIFICATE, credential.reveal())).certificate };
}

/** What a command printed there. */
async function use(o: Issued, work: (client: Client) => Promise<string> = (client) => exec(client, 'echo hello'), nowMs = Date.now()): Promise<string> {
  const target = (await alice.client.targets()).find((t) => t.info.name === o.name);
  if (target === undefined) throw new Error('no such target');
  const { client } = await connectUpstream(target, o.credential, { compress: false, key: o.key, nowMs, signal: new AbortController().signal });
  client.on('error', () => undefined);
  return work(client).finally(() => client.end());
}

const exec = (client: Client, command: string): Promise<string> =>
  new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error);
      let text = '';
      channel.on('data', (data: Buffer) => (text += data.toString()));
      channel.on('close', () => resolve(text));
    });
  });

const logged = (what: string | RegExp): Promise<void> => eventually(() => expect(host.log()).toMatch(what));

describe('a certificate', () => {
  it('is issued for a key of this moment, and signs on; the host’s log and the audit trail name who, where and when', async () => {
    const session = newSession();
    const issued = await issue('web', alice, session);
    await hostFetches();
    expect(await use(issued)).toBe('hello\n');
    const { serial, keyId, principals, extensions, criticalOptions, validAfterS, validBeforeS } = issued.certificate;
    expect({ principals, extensions, criticalOptions }).toEqual({ principals: [host.user], extensions: { 'permit-pty': '' }, criticalOptions: {} });
    expect(validBeforeS - validAfterS).toBeLessThanOrEqual(181n);
    expect(keyId).toBe(`session=${session} device=${alice.device.deviceId} person=alice@example.com`);
    await logged(`ID ${keyId} (serial ${serial}) CA ED25519 ${(await keys())[0]?.fingerprint ?? '?'}`);
    const { entries } = auditList.parse(await (await api('GET', '/v1/audit?limit=500')).json());
    expect(entries.find((e) => e.detail.includes(session))).toMatchObject({ action: 'target.lease', object: 'web', sub: 'alice@example.com', outcome: 'ok', detail: expect.stringContaining(`certificate ${serial} of CA`) as string });
  });

  it('is of another number each time, and of the key that asked', async () => {
    const [a, b] = await Promise.all([issue('web'), issue('web')]);
    expect(a.certificate.serial).not.toBe(b.certificate.serial);
    expect(() => certificateFor(b.key, a.credential.reveal(), Date.now())).toThrow(/another key/);
    expect(() => certificateFor(a.key, a.credential.reveal(), Date.now() + 121_000)).toThrow(/expired/);
    for (const nonsense of ['', 'ssh-ed25519 AAAA', `${ED25519_CERTIFICATE} AAAA`, `${ED25519_CERTIFICATE} ???`]) expect(() => certificateFor(a.key, nonsense, Date.now())).toThrow(/makes no sense/);
  });

  it('is refused by the host when it has expired', async () => {
    store.clock.offsetMs = -600_000;
    const late = await issue('web').finally(() => (store.clock.offsetMs = 0));
    await expect(use(late)).rejects.toThrow(/expired already/);
    // A machine whose clock is wrong shows it all the same: the host has the last word.
    await expect(use(late, undefined, Date.now() - 600_000)).rejects.toThrow(/refused the certificate/);
    await logged(/Certificate invalid: expired/);
  });

  it('is refused for another account than its principals name', async () => {
    await expect(use(await issue('somebody-else'))).rejects.toMatchObject({ code: 'env.upstream_auth' });
    await logged(/Certificate invalid: name is not a listed principal/);
  });

  it('is refused when its CA is not one of the host’s', async () => {
    host.trust(`${keyLine(ED25519, encodePublicKey(ed25519Signer(generateSeed()).publicKey))}\n`);
    await expect(use(await issue('web'))).rejects.toThrow(/refused the certificate/);
    await hostFetches();
    expect(await use(await issue('web'))).toBe('hello\n');
  });

  it('is refused from another address than it names', async () => {
    await expect(use(await issue('far'))).rejects.toThrow(/refused the certificate/);
    await logged(/not from a permitted source address|is not permitted to use this certificate for login/);
    expect(await use(await issue('near'))).toBe('hello\n');
  });

  it('permits only what the target’s rules name', async () => {
    const forward = (client: Client): Promise<string> =>
      new Promise((resolve, reject) => client.forwardOut('127.0.0.1', 1, '127.0.0.1', host.port, (error, stream) => (error ? reject(error) : stream.once('data', (d: Buffer) => resolve(d.toString())))));
    await expect(use(await issue('web'), forward)).rejects.toThrow(/administratively prohibited|open failed/i);
    expect(await use(await issue('near'), forward)).toContain('SSH-2.0-OpenSSH');
    const pty = (client: Client): Promise<string> => new Promise((resolve, reject) => client.exec('tty', { pty: true }, (error, stream) => (error ? reject(error) : stream.once('data', (d: Buffer) => resolve(d.toString())))));
    expect(await use(await issue('web'), pty)).toContain('/dev/pts/');
    await expect(use(await issue('near'), pty)).rejects.toThrow();
  });

  it('can be for the person’s own account, never root’s and never another domain’s', async () => {
    const { credential, certificate } = await issue('own-account');
    expect(credential.user).toBe('alice');
    expect(certificate.principals).toEqual(['alice@example.com', 'staff']);
    for (const [sub, why] of [
      ['root@example.com', /gives no account/],
      ['alice@evil.example', /people of example.com/],
      ['a@b@example.com', /two @/],
      ['x y@example.com', /gives no account/],
      ['-o@example.com', /gives no account/],
    ] as const) {
      const other = await store.person(sub, [], `own-${sub}`);
      await expect(issue('own-account', other), sub).rejects.toThrow(why);
    }
  });

  it('is not issued without a good key, nor for a target that takes passwords', async () => {
    await expect(alice.client.lease('web', newSession())).rejects.toThrow(/takes certificates/);
    const zero = keyLine(ED25519, encodePublicKey(new Uint8Array(32)).subarray(0, 40));
    await expect(alice.client.lease('web', newSession(), zero)).rejects.toThrow(/ssh_public_key/);
    await expect(alice.client.lease('web', newSession(), 'ssh-rsa AAAA')).rejects.toThrow(/Ed25519 key/);
    expect((await alice.client.lease('old', newSession(), ephemeralKey().publicKey)).reveal()).toBe('x');
  });
});

describe('revocation', () => {
  it('of a device: no certificate any more, and the list kills those that it has', async () => {
    const bob = await store.person('bob@example.com', [], 'bob');
    const had = await issue('web', bob);
    const kept = await issue('web');
    await hostFetches();
    expect(await use(had)).toBe('hello\n');
    await bob.client.revokeDevice(bob.device.deviceId, 'stolen');
    await bob.client.signIn(await store.token('bob@example.com'));
    await expect(issue('web', bob)).rejects.toThrow(/revoked/);
    await hostFetches();
    await expect(use(had)).rejects.toThrow(/refused the certificate/);
    await logged(/revoked by file/);
    expect(await use(kept)).toBe('hello\n');
    expect(inList(had)).toBe(true);
    expect(inList(kept)).toBe(false);
  });

  it('of a person whose sign-in ends: likewise', async () => {
    const dave = await store.person('dave@example.com', [], 'dave');
    const had = await issue('web', dave);
    await dave.client.signOut();
    await expect(issue('web', dave)).rejects.toMatchObject({ refusal: 'unauthenticated' });
    await hostFetches();
    await expect(use(had)).rejects.toThrow(/refused the certificate/);
  });

  it('of a target: its certificates open nothing any more', async () => {
    const credentials = { user: host.user, ssh_ca: {} };
    const body = JSON.stringify({ name: 'brief', protocol: 'ssh', host: '127.0.0.1', port: host.port, host_keys: [host.hostKey], credentials });
    const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
    const put = (text: string): Promise<Response> => fetch(`${store.url()}/v1/targets`, { method: 'POST', headers, body: text });
    expect((await put(body)).status).toBe(200);
    const had = await issue('brief');
    await hostFetches();
    expect(inList(had)).toBe(false);
    expect((await api('DELETE', '/v1/targets/brief')).status).toBe(200);
    await hostFetches();
    expect(inList(had)).toBe(true);
    expect((await put(body.replace('"ssh_ca":{}', '"ssh_ca":{},"password":"x"'))).status).toBe(400);
    expect((await put(body.replace('"protocol":"ssh"', '"protocol":"postgres"'))).status).toBe(400);
  });

  const inList = (o: Issued): boolean => {
    const file = path.join(host.dir, 'asked-cert.pub');
    writeFileSync(file, `${o.credential.reveal()}\n`);
    return spawnSync('ssh-keygen', ['-Q', '-f', host.krlFile, file]).status !== 0;
  };
});

describe('the CA’s keys', () => {
  it('change without a moment in which hosts refuse: make, let hosts fetch, use, remove', async () => {
    const [first] = await keys();
    const before = await issue('web');
    const made = (await (await api('POST', '/v1/ssh-ca/keys')).json()) as CaKey;
    expect((await issue('web')).certificate.caKey).toEqual(before.certificate.caKey);
    await hostFetches();
    expect((await api('DELETE', `/v1/ssh-ca/keys/${first?.key_id ?? ''}`)).status).toBe(409);
    expect((await api('POST', `/v1/ssh-ca/keys/${made.key_id}/use`)).status).toBe(200);
    const after = await issue('web');
    expect(after.certificate.caKey).not.toEqual(before.certificate.caKey);
    expect([await use(before), await use(after)]).toEqual(['hello\n', 'hello\n']);
    expect((await api('DELETE', `/v1/ssh-ca/keys/${first?.key_id ?? ''}`)).status).toBe(200);
    expect((await keys()).map((k) => [k.key_id, k.state])).toEqual([[first?.key_id, 'removed'], [made.key_id, 'signs']]);
    // A host that fetched only the revocation list still has the old key in its file.
    const trusted = readFileSync(host.caFile, 'utf8');
    host.trust(trusted, new Uint8Array(await (await api('GET', '/v1/ssh-ca/krl', '')).arrayBuffer()));
    await expect(use(before)).rejects.toThrow(/refused the certificate/);
    await hostFetches();
    expect(readFileSync(host.caFile, 'utf8')).toBe(`${made.public_key}\n`);
    expect(await use(after)).toBe('hello\n');
    expect((await api('POST', `/v1/ssh-ca/keys/${first?.key_id ?? ''}/use`)).status).toBe(404);
  });

  it('are three at most, and only administrators change them', async () => {
    expect((await api('POST', '/v1/ssh-ca/keys')).status).toBe(200);
    expect((await api('POST', '/v1/ssh-ca/keys')).status).toBe(200);
    expect((await api('POST', '/v1/ssh-ca/keys')).status).toBe(409);
    expect((await api('POST', '/v1/ssh-ca/keys', alice.identity.token)).status).toBe(403);
    expect((await api('GET', '/v1/ssh-ca/keys', alice.identity.token)).status).toBe(403);
    expect((await api('GET', '/v1/ssh-ca/keys', '')).status).toBe(401);
  });
});

describe('private halves', () => {
  it('of devices’ keys can be had from nobody: not printed, not serialised', () => {
    const key = ephemeralKey();
    expect(inspect(key, { showHidden: true, depth: 9 })).toBe(`[key ${key.publicKey}]`);
    expect(Object.keys(key)).toEqual(['publicKey', 'blob', 'sign']);
    expect(JSON.stringify(key)).not.toMatch(/PRIVATE|"d"/);
  });

  it('of the CA are sealed: nowhere in the data directory in clear', async () => {
    const seal = readFileSync(path.join(store.dataDir, 'store', 'seal.key'));
    const sealed = await store.inside((db) => db.rows(z.object({ key_id: z.string(), sealed: z.instanceof(Uint8Array) }), 'select key_id, sealed from ssh_ca_keys where sealed is not null', []));
    expect(sealed.length).toBeGreaterThan(0);
    const seeds = sealed.map((k) => {
      const seed = Buffer.from(sealer(seal).open(k.sealed, `ssh ca key ${k.key_id}`), 'base64');
      expect(toHex(ed25519Signer(seed).publicKey)).toHaveLength(64);
      return seed;
    });
    expect(filesWith(seeds, store.dataDir)).toBe('');
    // The search finds what is there.
    expect(filesWith([...seeds, seal], store.dataDir)).toBe(`${path.join(store.dataDir, 'store', 'seal.key')}\n`);
  });

  /** Names of files that hold one of these in any form: bytes, hex, base64. */
  function filesWith(secrets: readonly Uint8Array[], dir: string): string {
    const forms = secrets.flatMap((s) => [Array.from(s, (b) => `\\x${b.toString(16).padStart(2, '0')}`).join(''), toHex(s), `\\Q${toBase64(s).slice(0, 42)}\\E`]);
    try {
      return execFileSync('grep', ['-rlasP', forms.join('|'), dir], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
    } catch (error) {
      // 2: a file went away meanwhile; the store is at work. The search for what is there shows that the pattern is right.
      if (error instanceof Error && 'status' in error && (error.status === 1 || error.status === 2) && 'stdout' in error) return String(error.stdout);
      throw error;
    }
  }
});
