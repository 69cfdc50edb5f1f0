import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EnvironmentError } from '../../base/errors.ts';
import { ScramClient, selectScramMechanism } from './scram-client.ts';
import { SCRAM, SCRAM_PLUS, portableScramHash } from './scram-common.ts';
import type { ScramHash } from './scram-common.ts';
import { ScramServer, createScramVerifier } from './scram-server.ts';
import { md5Password } from './md5.ts';

const bytes = (s: string): Buffer => Buffer.from(s);

const nativeHash: ScramHash = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  pbkdf2Sha256: (password, salt, iterations) => pbkdf2Sync(password, salt, iterations, 32, 'sha256'),
};

/** RFC 7677 section 3. */
const rfc = {
  password: 'pencil',
  clientNonce: 'rOprNGfwEbeRWgbNEkqO',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};

describe.each([
  ['portable', portableScramHash],
  ['native', nativeHash],
] as const)('SCRAM-SHA-256 with %s hash functions', (_, hash) => {
  it('speaks the published example as the client', () => {
    const scram = new ScramClient({ mechanism: SCRAM, password: rfc.password, nonce: rfc.clientNonce, user: 'user', hash });
    expect(scram.first().toString()).toBe(rfc.clientFirst);
    expect(scram.respond(bytes(rfc.serverFirst)).toString()).toBe(rfc.clientFinal);
    expect(scram.isDone).toBe(false);
    scram.finish(bytes(rfc.serverFinal));
    expect(scram.isDone).toBe(true);
  });

  it('speaks the published example as the server', () => {
    const scram = new ScramServer(createScramVerifier(rfc.password, rfc.salt, 4096, hash), rfc.serverNonce, hash);
    expect(scram.first(bytes(rfc.clientFirst)).toString()).toBe(rfc.serverFirst);
    expect(scram.finish(bytes(rfc.clientFinal))).toEqual({ ok: true, message: bytes(rfc.serverFinal) });
  });
});

const verifier = (password: string): ReturnType<typeof createScramVerifier> => createScramVerifier(password, Buffer.alloc(16, 3), 4096, nativeHash);

/** One exchange of our client with our server. */
function exchange(clientPassword: string, serverPassword: string): { ok: boolean; done: boolean } {
  const client = new ScramClient({ mechanism: SCRAM, password: clientPassword, nonce: 'clientnonce', hash: nativeHash });
  const server = new ScramServer(verifier(serverPassword), 'servernonce', nativeHash);
  const result = server.finish(client.respond(server.first(client.first())));
  if (result.ok) client.finish(result.message);
  return { ok: result.ok, done: client.isDone };
}

describe('SCRAM, client with server', () => {
  it.each(['secret', 'pässwörd', 'I\u00adX', 'パスワード 🔑', '=,=2C', ' '])('agrees on the password %j', (password) => {
    expect(exchange(password, password)).toEqual({ ok: true, done: true });
  });

  it('agrees where two spellings are one text after SASLprep', () => {
    expect(exchange('\u00aa\u2168', 'aIX').ok).toBe(true);
  });

  it.each([['secret', 'Secret'], ['secret', 'secret '], ['', 'secret']])('refuses %j where %j is due', (wrong, right) => {
    expect(exchange(wrong, right)).toEqual({ ok: false, done: false });
  });

  it('lets a server that only has the verifier of another password prove nothing', () => {
    const client = new ScramClient({ mechanism: SCRAM, password: 'secret', nonce: 'cn', hash: nativeHash });
    const server = new ScramServer(verifier('other'), 'sn', nativeHash);
    client.respond(server.first(client.first()));
    const signature = Buffer.alloc(32, 1).toString('base64');
    expect(() => client.finish(bytes(`v=${signature}`))).toThrow(EnvironmentError);
    expect(client.isDone).toBe(false);
  });

  it('accepts a client that could bind to a channel but was not offered it', () => {
    const client = new ScramClient({ mechanism: SCRAM, password: 'x', nonce: 'cn', channelBinding: Buffer.alloc(32), hash: nativeHash });
    const server = new ScramServer(verifier('x'), 'sn', nativeHash);
    const first = client.first();
    expect(first.toString()).toBe('y,,n=,r=cn');
    expect(server.finish(client.respond(server.first(first))).ok).toBe(true);
  });

  it('binds to the channel with -PLUS: the certificate hash is part of what is signed', () => {
    const respond = (data: Buffer): string[] => {
      const client = new ScramClient({ mechanism: SCRAM_PLUS, password: 'x', nonce: 'cn', channelBinding: data, hash: nativeHash });
      expect(client.first().toString()).toBe('p=tls-server-end-point,,n=,r=cn');
      return client.respond(bytes('r=cnsn,s=c2FsdA==,i=4096')).toString().split(',');
    };
    const [binding, , proof] = respond(Buffer.alloc(32, 1));
    const gs2 = Buffer.concat([bytes('p=tls-server-end-point,,'), Buffer.alloc(32, 1)]);
    expect(binding).toBe(`c=${gs2.toString('base64')}`);
    expect(respond(Buffer.alloc(32, 2))[2]).not.toBe(proof);
  });
});

describe('selectScramMechanism', () => {
  it('takes -PLUS wherever it can, else the plain one, else nothing', () => {
    expect(selectScramMechanism([SCRAM_PLUS, SCRAM], true)).toBe(SCRAM_PLUS);
    expect(selectScramMechanism([SCRAM_PLUS, SCRAM], false)).toBe(SCRAM);
    expect(selectScramMechanism([SCRAM], true)).toBe(SCRAM);
    expect(() => selectScramMechanism([SCRAM_PLUS], false)).toThrow(EnvironmentError);
    expect(() => selectScramMechanism(['OAUTHBEARER'], true)).toThrow(/OAUTHBEARER/);
  });
});

describe('md5Password', () => {
  it('is the double hash that the server computes', () => {
    const md5 = (data: Buffer): string => createHash('md5').update(data).digest('hex');
    const salt = Buffer.of(1, 2, 0, 255);
    const expected = `md5${md5(Buffer.concat([bytes(md5(bytes('sécretalice'))), salt]))}`;
    expect(md5Password('alice', 'sécret', salt)).toBe(expected);
  });
});
