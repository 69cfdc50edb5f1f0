/** What the schema refuses though a TUF library might let it through. */
import { describe, expect, it } from 'vitest';
import { initRepository, listBundle, rotateRoot, setStop, signAll, signatureStates } from './author.ts';
import { generatePrivatePem, keyIdOf, signerOf, verifyWith } from './keys.ts';
import { isoOf, metadataText, parseMetadata, signedBytes, signersOf, withSignature, type MetadataKind } from './metadata.ts';

const ann = signerOf(generatePrivatePem('ed25519'), 'ann');
const bob = signerOf(generatePrivatePem('p256'), 'bob');
const online = { snapshot: signerOf(generatePrivatePem('ed25519'), 's').key, timestamp: signerOf(generatePrivatePem('ed25519'), 't').key };
const both = { keys: [ann.key, bob.key], threshold: 2 };
const NOW = Date.UTC(2026, 10, 21);
const fresh = (): ReturnType<typeof initRepository> => initRepository({ root: both, targets: both, online, rings: ['canary', 'stable'], nowMs: NOW });
const digest = `sha256:${'ab'.repeat(32)}`;
const entry = { length: 3, hashes: { sha256: 'cd'.repeat(32) } };

type Signed = Record<string, unknown> & { keys: Record<string, unknown>; roles: Record<string, { keyids: string[]; threshold: number }> };
function changed(text: string, change: (signed: Signed) => void): string {
  const file = JSON.parse(text) as { signed: Signed };
  change(file.signed);
  return JSON.stringify(file);
}

describe('metadata', () => {
  const rootText = metadataText(fresh().roots[0]!);
  const refused = (kind: MetadataKind, text: string): string => {
    try {
      parseMetadata(kind, text);
      return 'taken';
    } catch (error) {
      return error instanceof Error ? error.message : 'thrown';
    }
  };

  it.each<[string, (signed: Signed) => void, RegExp]>([
    ['an expiry that is no date, and would never end', (s) => (s['expires'] = 'never'), /expires/],
    ['an expiry on a day that does not exist', (s) => (s['expires'] = '2026-02-31T00:00:00Z'), /no such time/],
    ['a version that is no whole number', (s) => (s['version'] = 1.5), /version/],
    ['version 0', (s) => (s['version'] = 0), /version/],
    ['another specification', (s) => (s['spec_version'] = '2.0.0'), /TUF 1\.0/],
    ['an unknown member', (s) => (s['x'] = 1), /[Uu]nrecognized/],
    ['a threshold of nothing', (s) => (s.roles['root']!.threshold = 0), /threshold/],
    ['a threshold that nobody can meet', (s) => (s.roles['root']!.threshold = 3), /needs 3 signatures and has 2 keys/],
    ['a key twice', (s) => s.roles['root']!.keyids.push(s.roles['root']!.keyids[0]!), /names a key twice/],
    ['a key that is not listed', (s) => (s.roles['root']!.keyids = ['ef'.repeat(32), 'ee'.repeat(32)]), /not listed/],
    ['a key under another id, which would count twice', (s) => (s.keys['ef'.repeat(32)] = ann.key), /not the id of its key/],
    ['a kind of key that is not allowed', (s) => (s.keys['ef'.repeat(32)] = { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: 'x' } }), /keys/],
    ['a role too few', (s) => delete s.roles['timestamp'], /timestamp/],
    ['no consistent snapshots', (s) => (s['consistent_snapshot'] = false), /consistent_snapshot/],
  ])('refuses %s', (_what, change, why) => {
    expect(refused('root', changed(rootText, change))).toMatch(why);
  });

  it('refuses two signatures of one key, text that is no JSON, and another kind', () => {
    const signed = withSignature(fresh().roots[0]!, ann);
    expect(refused('root', JSON.stringify({ ...signed, signatures: [signed.signatures[0], signed.signatures[0]] }))).toMatch(/two signatures of one key/);
    expect(refused('root', '{')).toMatch(/not JSON/);
    expect(refused('targets', rootText)).toMatch(/targets/);
  });

  it('refuses a ring that may list what is not its own, and names of other roles', () => {
    const targets = metadataText(fresh().targets);
    expect(refused('targets', targets.replace('rings/canary/*', 'rings/*/*'))).toMatch(/may list only/);
    expect(refused('targets', targets.replace('"name": "canary"', '"name": "timestamp"'))).toMatch(/name of a role/);
    expect(refused('ring', metadataText(fresh().rings.get('canary')!).replace('"targets": {}', `"targets": {"../evil": ${JSON.stringify({ ...entry, custom: { serial: 1, bundle: digest } })}}`))).toMatch(/\.\.\/evil/);
    expect(refused('ring', metadataText(fresh().rings.get('canary')!).replace('"targets": {}', `"targets": {"rings/canary/bundle-2.tar.gz": ${JSON.stringify({ ...entry, custom: { serial: 1, bundle: digest } })}}`))).toMatch(/holds serial 1/);
  });
});

describe('keys', () => {
  it('sign and verify, and only their own', () => {
    const message = signedBytes({ b: 1, a: 'é' });
    for (const s of [ann, bob]) {
      expect(verifyWith(s.key, message, s.sign(message))).toBe(true);
      expect(verifyWith(s.key, signedBytes({ b: 2, a: 'é' }), s.sign(message))).toBe(false);
      expect(verifyWith(s.key, message, '00'.repeat(64))).toBe(false);
    }
    expect(keyIdOf({ ...ann.key, 'x-name': 'somebody else' })).toBe(ann.keyId);
  });

  it('refuses what is no private key', () => {
    expect(() => signerOf('x', 'x')).toThrow(/not a private key/);
  });
});

describe('the author', () => {
  it('counts who has signed and who is missing', () => {
    const repo = fresh();
    expect(signAll(repo, ann)).toEqual(['root', 'targets', 'canary', 'stable']);
    expect(signatureStates(repo)[0]).toMatchObject({ role: 'root', signed: ['ann'], missing: ['bob'], isComplete: false });
    signAll(repo, bob);
    expect(signatureStates(repo).every((s) => s.isComplete)).toBe(true);
    expect(signAll(repo, signerOf(generatePrivatePem('ed25519'), 'eve'))).toEqual([]);
  });

  it('gives a published file a successor, and an unpublished one no new version', () => {
    const repo = fresh();
    listBundle(repo, { ring: 'canary', entry, custom: { serial: 1, bundle: digest } }, NOW);
    expect(repo.rings.get('canary')?.signed.version).toBe(1);
    repo.published = { root: 1, targets: 1, canary: 1, stable: 1 };
    signAll(repo, ann);
    listBundle(repo, { ring: 'canary', entry, custom: { serial: 1, bundle: digest, rollout: { percent: 5, salt: 's' } } }, NOW);
    expect(repo.rings.get('canary')).toMatchObject({ signed: { version: 2, expires: isoOf(NOW + 30 * 86_400_000) }, signatures: [] });
  });

  it('lists no other bundle under a serial that is taken', () => {
    const repo = fresh();
    listBundle(repo, { ring: 'canary', entry, custom: { serial: 1, bundle: digest } }, NOW);
    expect(() => listBundle(repo, { ring: 'stable', entry: { ...entry, hashes: { sha256: 'ee'.repeat(32) } }, custom: { serial: 1, bundle: digest } }, NOW)).toThrow(/another bundle with serial 1/);
  });

  it('a root after the first needs the old signers, too', () => {
    const repo = fresh();
    repo.published = { root: 1 };
    const eve = signerOf(generatePrivatePem('ed25519'), 'eve');
    rotateRoot(repo, { root: { keys: [eve.key], threshold: 1 } }, NOW);
    signAll(repo, eve);
    expect(signatureStates(repo)[0]).toMatchObject({ version: 2, isComplete: false, signed: ['eve'], missing: ['ann', 'bob'] });
    signAll(repo, ann);
    signAll(repo, bob);
    expect(signatureStates(repo)[0]?.isComplete).toBe(true);
  });

  it('a stop is one signed listing', () => {
    const repo = fresh();
    setStop(repo, 'a leak', NOW);
    expect(repo.targets.signed.targets['emergency-stop.json']?.custom).toEqual({ reason: 'a leak', since: isoOf(NOW) });
    setStop(repo, undefined, NOW);
    expect(repo.targets.signed.targets).toEqual({});
  });

  it('a signature over another text counts for nothing', () => {
    const repo = fresh();
    signAll(repo, ann);
    const file = repo.targets;
    const { delegations } = file.signed;
    expect(signersOf({ signed: { ...file.signed, version: 2 }, signatures: file.signatures }, delegations.keys, { keyids: [ann.keyId], threshold: 1 })).toEqual([]);
  });
});
