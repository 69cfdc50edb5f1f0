import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BugError, EnvironmentError, MalformedError } from '../../base/errors.ts';
import { caught } from '../../testing/pg-malformed.ts';
import { ScramClient } from './scram-client.ts';
import { SCRAM, SCRAM_PLUS } from './scram-common.ts';
import type { ScramHash } from './scram-common.ts';
import { ScramServer, createScramVerifier } from './scram-server.ts';

const hash: ScramHash = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  pbkdf2Sha256: (password, salt, iterations) => pbkdf2Sync(password, salt, iterations, 32, 'sha256'),
};
const verifier = createScramVerifier('secret', Buffer.alloc(16, 3), 4096, hash);
const bytes = (s: string): Buffer => Buffer.from(s);

function client(): ScramClient {
  const scram = new ScramClient({ mechanism: SCRAM, password: 'secret', nonce: 'abc', hash, maxIterations: 10_000 });
  scram.first();
  return scram;
}

describe('ScramClient, hostile server', () => {
  it.each([
    ['a nonce that is not ours', 'r=xyz123,s=c2FsdA==,i=4096'],
    ['our nonce with nothing of its own', 'r=abc,s=c2FsdA==,i=4096'],
    ['a nonce that only contains ours', 'r=xabc,s=c2FsdA==,i=4096'],
    ['a nonce with a space', 'r=abc d,s=c2FsdA==,i=4096'],
    ['too few iterations', 'r=abcd,s=c2FsdA==,i=4095'],
    ['one iteration', 'r=abcd,s=c2FsdA==,i=1'],
    ['no iterations', 'r=abcd,s=c2FsdA==,i=0'],
    ['negative iterations', 'r=abcd,s=c2FsdA==,i=-4096'],
    ['iterations that would take hours', 'r=abcd,s=c2FsdA==,i=4294967295'],
    ['iterations above the limit', 'r=abcd,s=c2FsdA==,i=10001'],
    ['iterations in another notation', 'r=abcd,s=c2FsdA==,i=4.1e3'],
    ['an empty salt', 'r=abcd,s=,i=4096'],
    ['a salt that is not base64', 'r=abcd,s=!!!!,i=4096'],
    ['attributes in another order', 's=c2FsdA==,r=abcd,i=4096'],
    ['a mandatory extension', 'm=x,r=abcd,s=c2FsdA==,i=4096'],
    ['an extension at the end', 'r=abcd,s=c2FsdA==,i=4096,x=1'],
    ['too few attributes', 'r=abcd,s=c2FsdA=='],
    ['nothing', ''],
    ['a NUL', 'r=abcd\0,s=c2FsdA==,i=4096'],
  ])('refuses %s', (_, message) => {
    const scram = client();
    expect(caught(() => scram.respond(bytes(message)))).toBeInstanceOf(MalformedError);
    expect(() => scram.respond(bytes('r=abcd,s=c2FsdA==,i=4096'))).toThrow(BugError);
  });

  const signature = (text: string) => (): void => {
    const scram = client();
    scram.respond(bytes('r=abcd,s=c2FsdA==,i=4096'));
    try {
      scram.finish(bytes(text));
    } finally {
      expect(scram.isDone).toBe(false);
    }
  };

  it('refuses a wrong, a short and an absent signature, and reports an error of the server', () => {
    expect(signature(`v=${Buffer.alloc(32).toString('base64')}`)).toThrow(EnvironmentError);
    expect(signature(`v=${Buffer.alloc(31).toString('base64')}`)).toThrow(EnvironmentError);
    expect(signature('v=')).toThrow(EnvironmentError);
    expect(signature('')).toThrow(MalformedError);
    expect(signature('e=invalid-proof')).toThrow(/invalid-proof/);
  });

  it('refuses the right signature with one bit changed', () => {
    const scram = new ScramClient({ mechanism: SCRAM, password: 'secret', nonce: 'abc', hash });
    const server = new ScramServer(verifier, 'def', hash);
    const result = server.finish(scram.respond(server.first(scram.first())));
    if (!result.ok) expect.fail('the exchange failed');
    const altered = Buffer.from(result.message.toString().slice(2), 'base64');
    altered[31]! ^= 1;
    expect(() => scram.finish(bytes(`v=${altered.toString('base64')}`))).toThrow(/signature/);
    expect(scram.isDone).toBe(false);
  });

  it('cannot be asked out of order, or to bind to a channel without its data', () => {
    const scram = new ScramClient({ mechanism: SCRAM, password: 'secret', nonce: 'abc', hash });
    expect(() => scram.finish(bytes('v='))).toThrow(BugError);
    expect(() => scram.respond(bytes('r='))).toThrow(BugError);
    expect(() => new ScramClient({ mechanism: SCRAM_PLUS, password: 'x', nonce: 'abc' })).toThrow(BugError);
    expect(() => new ScramClient({ mechanism: SCRAM, password: 'x', nonce: 'a,b' })).toThrow(BugError);
  });

  it('does not show the password when printed', () => {
    const scram = new ScramClient({ mechanism: SCRAM, password: 'canary-7a1', nonce: 'abc' });
    expect(JSON.stringify(scram)).not.toContain('canary');
    expect(Object.values(scram).join()).not.toContain('canary');
  });
});

const server = (): ScramServer => new ScramServer(verifier, 'def', hash);

/** A valid client-final for `server()`, which the caller may alter. */
function clientFinal(): { scram: ScramServer; message: string } {
  const scram = server();
  const good = new ScramClient({ mechanism: SCRAM, password: 'secret', nonce: 'abc', hash });
  return { scram, message: good.respond(scram.first(good.first())).toString() };
}

describe('ScramServer, hostile client', () => {
  it.each([
    ['channel binding that was not offered', 'p=tls-server-end-point,,n=,r=abc'],
    ['an authorization identity', 'n,a=admin,n=,r=abc'],
    ['an unknown flag', 'x,,n=,r=abc'],
    ['an empty nonce', 'n,,n=,r='],
    ['a mandatory extension', 'n,,m=1,n=,r=abc'],
    ['an extension', 'n,,n=,r=abc,x=1'],
    ['no nonce', 'n,,n='],
    ['nothing', ''],
  ])('refuses %s', (_, message) => {
    expect(caught(() => server().first(bytes(message)))).toBeInstanceOf(MalformedError);
  });

  it('accepts the message that the next tests alter', () => {
    const { scram, message } = clientFinal();
    expect(scram.finish(bytes(message)).ok).toBe(true);
  });

  it.each([
    ['another nonce', (m: string) => m.replace('r=abcdef', 'r=abcdeg')],
    ['a nonce cut short', (m: string) => m.replace('r=abcdef', 'r=abc')],
    ['another binding flag', (m: string) => m.replace('c=biws', 'c=eSws')],
    ['a proof cut short', (m: string) => m.replace(/p=.*/, `p=${Buffer.alloc(31).toString('base64')}`)],
    ['a proof that is not base64', (m: string) => m.replace(/p=./, 'p=*')],
    ['no proof', (m: string) => m.replace(/,p=.*/, '')],
    ['an extension', (m: string) => m.replace(',p=', ',x=1,p=')],
  ])('refuses %s', (_, alter) => {
    const { scram, message } = clientFinal();
    expect(caught(() => scram.finish(bytes(alter(message))))).toBeInstanceOf(MalformedError);
  });

  it('does not accept a wrong proof, and takes no second try in the same exchange', () => {
    const { scram, message } = clientFinal();
    expect(scram.finish(bytes(message.replace(/p=.*/, `p=${Buffer.alloc(32).toString('base64')}`)))).toEqual({ ok: false });
    expect(() => scram.finish(bytes(message))).toThrow(BugError);
  });

  it('does not accept a proof replayed in another exchange', () => {
    const { message } = clientFinal();
    const other = new ScramServer(verifier, 'ghi', hash);
    other.first(bytes('n,,n=,r=abc'));
    expect(caught(() => other.finish(bytes(message)))).toBeInstanceOf(MalformedError);
    expect(other.finish.bind(other, bytes(message.replace('abcdef', 'abcghi')))).toThrow(BugError);
    const third = new ScramServer(verifier, 'ghi', hash);
    third.first(bytes('n,,n=,r=abc'));
    expect(third.finish(bytes(message.replace('abcdef', 'abcghi')))).toEqual({ ok: false });
  });

  it('answers any bytes with a result or MalformedError', () => {
    const junk = fc.oneof(fc.uint8Array({ maxLength: 60 }).map((b) => Buffer.from(b)), fc.string({ maxLength: 60 }).map((s) => bytes(`c=biws,r=abcdef,p=${s}`)));
    fc.assert(
      fc.property(junk, (data) => {
        for (const run of [() => server().first(data), () => client().respond(data), () => {
          const scram = server();
          scram.first(bytes('n,,n=,r=abc'));
          expect(scram.finish(data).ok).toBe(false);
        }]) {
          try {
            run();
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedError);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
