import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../base/bytes.ts';
import { concatBytes, utf8 } from '../../base/encoding.ts';
import { AGENT_FAILURE, AgentFramer, agentFrame, agentMessage, decodeAgentRequest, isAgentAnswer, MAX_AGENT_MESSAGE, signedFor } from './agent.ts';
import { packed } from './data-types.ts';

const body = (type: number, ...parts: readonly Uint8Array[]): Uint8Array => concatBytes([Uint8Array.of(type), ...parts]);
const u32 = (n: number): Uint8Array => new ByteWriter().u32(n).finish();
const KEY = Uint8Array.of(1, 2, 3);

describe('requests to an agent', () => {
  const sign = body(agentMessage.signRequest, packed([KEY, 'data']), u32(4));

  it('knows listing and signing', () => {
    expect(decodeAgentRequest(body(11))).toEqual({ kind: 'identities' });
    expect(decodeAgentRequest(sign)).toEqual({ kind: 'sign', key: KEY, data: utf8('data'), flags: 4 });
  });

  it('refuses each other type, empty ones, and each cut or lengthened message', () => {
    for (let type = 0; type < 256; type++) {
      if (type !== 11 && type !== 13) expect(decodeAgentRequest(body(type, packed([KEY, 'data']), u32(0)))).toEqual({ kind: 'refused', type });
    }
    expect(decodeAgentRequest(new Uint8Array(0))).toEqual({ kind: 'refused', type: 0 });
    for (let end = 1; end < sign.length; end++) expect(decodeAgentRequest(sign.subarray(0, end)).kind).toBe('refused');
    expect(decodeAgentRequest(body(11, Uint8Array.of(0))).kind).toBe('refused');
    expect(decodeAgentRequest(concatBytes([sign, Uint8Array.of(0)])).kind).toBe('refused');
    expect(decodeAgentRequest(body(13, u32(0xffff_ffff), KEY)).kind).toBe('refused');
  });
});

describe('answers of an agent', () => {
  const keys = body(agentMessage.identitiesAnswer, u32(2), packed([KEY, 'one', KEY, 'two']));
  const signature = body(agentMessage.signResponse, packed([KEY]));

  it('are those that were asked for, or a failure', () => {
    expect(isAgentAnswer('identities', keys)).toBe('done');
    expect(isAgentAnswer('sign', signature)).toBe('done');
    expect(isAgentAnswer('sign', body(agentMessage.failure))).toBe('failed');
    expect(isAgentAnswer('sign', keys)).toBeUndefined();
    expect(isAgentAnswer('identities', signature)).toBeUndefined();
    expect(isAgentAnswer('identities', body(6))).toBeUndefined();
  });

  it('are nothing when cut or lengthened, or when they announce more than there is', () => {
    for (let end = 0; end < keys.length; end++) expect(isAgentAnswer('identities', keys.subarray(0, end))).toBeUndefined();
    for (const answer of [keys, signature]) expect(isAgentAnswer(answer === keys ? 'identities' : 'sign', concatBytes([answer, KEY]))).toBeUndefined();
    expect(isAgentAnswer('identities', body(12, u32(0xffff_ffff)))).toBeUndefined();
  });
});

describe('messages in a stream', () => {
  const wire = concatBytes([agentFrame(body(11)), AGENT_FAILURE, agentFrame(body(13, KEY))]);
  const expected = [body(11), body(5), body(13, KEY)];

  it('are the same however it is cut', () => {
    expect(new AgentFramer().push(wire)).toEqual(expected);
    for (let cut = 0; cut <= wire.length; cut++) {
      const framer = new AgentFramer();
      expect([...framer.push(wire.subarray(0, cut)), ...framer.push(wire.subarray(cut))]).toEqual(expected);
    }
    const framer = new AgentFramer();
    expect([...wire].flatMap((byte) => framer.push(Uint8Array.of(byte)))).toEqual(expected);
  });

  it('are refused when empty or too long, before they are there', () => {
    for (const length of [0, MAX_AGENT_MESSAGE + 1, 0xffff_ffff]) expect(() => new AgentFramer().push(u32(length))).toThrow(/agent message/);
  });
});

describe('what a signature is said to be for', () => {
  const request = (method: string, ...rest: readonly (string | Uint8Array)[]): Uint8Array => concatBytes([packed(['session id']), Uint8Array.of(50), packed(['root', 'ssh-connection', method]), Uint8Array.of(1), packed(['ssh-ed25519', KEY, ...rest])]);

  it('reads sign-ons, those that are bound to a host, and files', () => {
    expect(signedFor(request('publickey'))).toEqual({ what: 'sign-on', user: 'root' });
    expect(signedFor(request('publickey-hostbound-v00@openssh.com', KEY))).toEqual({ what: 'sign-on', user: 'root', hostKey: KEY });
    expect(signedFor(concatBytes([utf8('SSHSIG'), packed(['git', '', 'sha512', KEY])]))).toEqual({ what: 'signature', namespace: 'git' });
  });

  it('does not guess', () => {
    const good = request('publickey');
    for (let end = 0; end < good.length; end++) expect(signedFor(good.subarray(0, end))).toEqual({ what: 'unknown' });
    for (const data of [concatBytes([good, KEY]), request('password'), request('publickey', KEY), utf8('SSHSIG'), new Uint8Array(64)]) expect(signedFor(data)).toEqual({ what: 'unknown' });
  });
});
