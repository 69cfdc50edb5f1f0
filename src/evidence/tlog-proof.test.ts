import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, fromHex, toBase64, utf8 } from '../base/encoding.ts';
import { testSigner } from '../testing/evidence-session.ts';
import { consistencyProof, inclusionProof, leafHash, rootOf, verifyInclusion } from './merkle.ts';
import { nodeCrypto } from './node-crypto.ts';
import { formatVkey, noteKeyTypes, parseCheckpoint, parseNote, parseVkey, verifyNote } from './note.ts';
import { cosign, signCheckpoint } from './sign.ts';
import { parseTlogPolicy } from './tlog-policy.ts';
import { formatTlogProof, parseTlogProof, verifyTlogProof } from './tlog-proof.ts';
import { formatAddCheckpoint, judgeCheckpoint, parseAddCheckpoint, type WitnessedState } from './tlog-witness.ts';

const log = { name: 'example.com/log', signer: testSigner('log') };
const witnesses = ['w1', 'w2', 'w3'].map((n) => ({ name: `witness.example/${n}`, signer: testSigner(n) }));
const keyOf = (k: { name: string; signer: { publicKey: Uint8Array } }): { name: string; publicKey: Uint8Array } => ({ name: k.name, publicKey: k.signer.publicKey });
const logVkey = formatVkey(keyOf(log), noteKeyTypes.ed25519);
const witnessVkey = (i: number): string => formatVkey(keyOf(witnesses[i]!), noteKeyTypes.cosignature);

const entries = Array.from({ length: 20 }, (_, i) => utf8(`entry ${i}`));
const leaves = entries.map((e) => leafHash(e));
const nowMs = 1_780_000_000_000;

function checkpointOf(size: number, by: readonly number[] = [], signer = log.signer): string {
  const note = signCheckpoint({ origin: log.name, size, root: rootOf(leaves.slice(0, size)) }, signer);
  return note + by.map((i) => cosign(parseNote(note).text, witnesses[i]!, nowMs + i * 1_000)).join('');
}
const proofOf = (index: number, size: number, checkpoint = checkpointOf(size)): string => formatTlogProof({ index, hashes: inclusionProof(leaves.slice(0, size), index), checkpoint });

describe('published values', () => {
  // An inclusion proof of a Tessera log, from the tests of project-oak/oak (oak's C2SP tlog-proof reader).
  it('prove entry 76958 of 76959', () => {
    const proof = ['fGRlLyuz+L9Jb8+uTSut/2aVc4z7fKFW+clvsb6xjEM=', 'F6LautOHD5eppkWC0xn/lz00X5g2yLlZAkl2jCI/wdE=', 'qH7OJxFNup+TDvJuohd2HphKVngfMeMzUK8QChEDcas=', '+Y3g758yXtPCRh/eqhLTA3bdcx+cCV1Uah0JdgB0YEs=', 'vq8cJSjj8dPVmFBRUqDLlaMqW6aAYR2GKugVhgudXLs=', 'J0z3X5qTb9WFC1gABhVFx0bW1rVZRL+DAoBL2e2h4G4=', 'NmSbYg25xNFzTRerIsF3HbEMyTIDqW87AQd9ekzopE8=', 'L8BZipjURnkctkjJtGJs+YyTXMssvNKA7+a8nV2JT/s=', 'pva4RFzCejMkVMVmYc93As2lbk7WAyrw58TvrzEOjNc='].map(fromBase64);
    const claim = { leaf: leafHash(utf8('hello tesseroak\n')), index: 76_958, size: 76_959, proof, root: fromBase64('QYfrD7XAd4qUHbRBs4dDyDZwpZN4M/cccXr2G56pxkY=') };
    expect(verifyInclusion(claim)).toBe(true);
    expect(verifyInclusion({ ...claim, index: 76_957 })).toBe(false);
  });

  // Verifier keys of golang.org/x/mod/sumdb/note and of project-oak/oak: types 0x01 and 0x04.
  it('are verifier keys with their own ids', () => {
    for (const [vkey, type] of [['PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 1], ['fake.log.origin/log+527eabb8+AddT9PtBhhNAsDYZ0V0euiRbXuvrLsw4L6vKARfipnmz', 1], ['test-witness+26349ef0+BIQDFTUlktisMqJzWn8qhteWrRr4dLcQ9R37T+8LQyQF', 4]] as const) {
      expect(formatVkey(parseVkey(vkey, type), type)).toBe(vkey);
      expect(() => parseVkey(vkey, type === 1 ? 4 : 1)).toThrow(/has type/);
      expect(() => parseVkey(vkey.replace('+', 'x+'), type)).toThrow(/own id/);
    }
  });

  // A submission from the tests of FiloSottile/torchwood (cmd/litewitness/testdata/logbastion.txt), by a Sigsum log.
  const submission =
    'old 0\n\nsigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562\n1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n' +
    '\u2014 sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562 UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=\n';
  const sigsum = { name: 'sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562', publicKey: fromHex('ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f') };
  it('are a submission that a witness takes', async () => {
    const parsed = parseAddCheckpoint(submission);
    expect(parsed).toMatchObject({ oldSize: 0, proof: [] });
    expect(await verifyNote(parseNote(parsed.checkpoint), sigsum)).toBe(true);
    expect(await judgeCheckpoint(submission, [sigsum], () => Promise.resolve(undefined), nodeCrypto)).toMatchObject({ status: 200 });
    expect(await judgeCheckpoint(submission.replace('KgAA', 'KwAA'), [sigsum], () => Promise.resolve(undefined), nodeCrypto)).toMatchObject({ status: 403 });
  });

  // The request body of C2SP tlog-witness, "add-checkpoint".
  it('are a body with a proof', () => {
    const body = 'old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n';
    const parsed = parseAddCheckpoint(body);
    expect(parsed.proof).toHaveLength(4);
    expect(formatAddCheckpoint(parsed)).toBe(body);
    expect(parseCheckpoint(parseNote(parsed.checkpoint).text)).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163 });
  });
});

describe('tlog-proof', () => {
  const policy = parseTlogPolicy(`log ${logVkey}\nquorum none\n`);
  it('verifies for its entry only, with and without extra data', async () => {
    for (const [index, size] of [[0, 1], [0, 20], [19, 20], [7, 13]] as const) {
      const proof = proofOf(index, size);
      expect(await verifyTlogProof(proof, leaves[index]!, policy)).toMatchObject({ index, checkpoint: { size }, timeMs: undefined });
      const extra = formatTlogProof({ ...parseTlogProof(proof), extra: utf8('anything') });
      expect(await verifyTlogProof(extra, leaves[index]!, policy)).toMatchObject({ index });
      await expect(verifyTlogProof(proof, leafHash(utf8('other')), policy)).rejects.toThrow(/does not prove/);
    }
  });
  it('needs a known log and its key', async () => {
    const stranger = proofOf(3, 9, checkpointOf(9, [], testSigner('stranger')));
    await expect(verifyTlogProof(stranger, leaves[3]!, policy)).rejects.toThrow(/not signed by the key of this log/);
    await expect(verifyTlogProof(proofOf(3, 9), leaves[3]!, parseTlogPolicy('quorum none\n'))).rejects.toThrow(/not in trust/);
  });
  it('is found out when any character changes', async () => {
    const text = proofOf(7, 13);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: text.length - 1 }), fc.constantFrom('0', '9', 'A', 'z', '\n', ' ', '/', '\u0000'), async (at, c) => {
        fc.pre(text[at] !== c);
        await expect(verifyTlogProof(text.slice(0, at) + c + text.slice(at + 1), leaves[7]!, policy, nodeCrypto)).rejects.toThrow();
      }),
      { seed: 5, numRuns: 300 },
    );
  });
  it('is refused in every other form', () => {
    const good = proofOf(7, 13);
    const hash = toBase64(new Uint8Array(32));
    const bad = ['', 'c2sp.org/tlog-proof@v1\n', good.replace('@v1', '@v2'), good.replace('index 7', 'index 07'), good.replace('index 7', 'index -7'), good.replace('index 7', 'index 7 '), good.replace('index 7\n', ''), good.replace('index 7\n', 'index 7\nextra AA==\n'), good.replace('index 7', `extra *\nindex 7`), good.replace('index 7\n', `index 7\n${`${hash}\n`.repeat(64)}`), good.replace('index 7\n', 'index 7\nAAAA\n'), good.replaceAll('\n', '\r\n'), 'x'.repeat(70_000)];
    for (const text of bad) expect(() => parseTlogProof(text), JSON.stringify(text.slice(0, 60))).toThrow();
  });
});

describe('tlog-policy', () => {
  const base = `log ${logVkey}\nwitness a ${witnessVkey(0)}\nwitness b ${witnessVkey(1)} https://b.example/\nwitness c ${witnessVkey(2)}\n`;
  const timeUnder = async (rules: string, by: readonly number[]): Promise<number | undefined> => (await verifyTlogProof(proofOf(2, 9, checkpointOf(9, by)), leaves[2]!, parseTlogPolicy(base + rules))).timeMs;

  it('asks for a quorum, and takes the time at which it was complete', async () => {
    expect(await timeUnder('quorum a\n', [0])).toBe(nowMs);
    await expect(timeUnder('quorum a\n', [1, 2])).rejects.toThrow(/too few witnesses .*witness.example\/w2/);
    const two = '# two of three\n\n group  g\t2 a b c\nquorum g\n';
    expect(await timeUnder(two, [0, 2])).toBe(nowMs + 2_000);
    expect(await timeUnder(two, [0, 1, 2])).toBe(nowMs + 1_000);
    await expect(timeUnder(two, [1])).rejects.toThrow(/too few/);
    const nested = 'group x any a b\ngroup y all x c\nquorum y\n';
    expect(await timeUnder(nested, [1, 2])).toBe(nowMs + 2_000);
    await expect(timeUnder(nested, [0, 1])).rejects.toThrow(/too few/);
    expect(await timeUnder('quorum none\n', [])).toBeUndefined();
  });
  it('refuses a forged cosignature even where the others would do', async () => {
    const note = checkpointOf(9, [0]);
    const forged = cosign(parseNote(checkpointOf(8)).text, witnesses[1]!, nowMs);
    await expect(verifyTlogProof(proofOf(2, 9, note + forged), leaves[2]!, parseTlogPolicy(`${base}quorum a\n`))).rejects.toThrow(/w2 is not good/);
  });
  it('is refused in every other form', () => {
    const bad = ['', 'quorum none', 'quorum a\n', 'quorum none\nquorum none\n', `${base}quorum d\n`, `${base}witness a ${witnessVkey(0)}\nquorum a\n`, `${base}group g 4 a b c\nquorum g\n`, `${base}group g 0 a\nquorum g\n`, `${base}group g 02 a b c\nquorum g\n`, `${base}group g any\nquorum g\n`, `${base}group g any a a\nquorum g\n`, `${base}group none any a\nquorum none\n`, `${base}group a any b\nquorum a\n`, `${base}group g any h\ngroup h any a\nquorum g\n`, `${base}group g any a\ngroup h any a\nquorum h\n`, `log ${witnessVkey(0)}\nquorum none\n`, `witness a ${logVkey}\nquorum a\n`, `${base}log ${logVkey}\nquorum a\n`, `${base}lag x\nquorum a\n`, `${base}quorum a\r\n`, `${base}quorum a\u0001\n`];
    for (const text of bad) expect(() => parseTlogPolicy(text), JSON.stringify(text.slice(-60))).toThrow();
  });
});

describe('a witness', () => {
  const known = [keyOf(log)];
  const judge = (body: string, state?: WitnessedState): ReturnType<typeof judgeCheckpoint> => judgeCheckpoint(body, known, () => Promise.resolve(state), nodeCrypto);
  const body = (oldSize: number, size: number, checkpoint = checkpointOf(size)): string => formatAddCheckpoint({ oldSize, proof: consistencyProof(leaves.slice(0, size), oldSize), checkpoint });
  const stateAt = (size: number): WitnessedState => ({ size, root: rootOf(leaves.slice(0, size)) });

  it('takes what continues its last checkpoint, and only that', async () => {
    expect(await judge(body(0, 5))).toMatchObject({ status: 200, checkpoint: { size: 5 } });
    for (const [from, to] of [[5, 9], [4, 20], [7, 7], [1, 2]] as const) expect(await judge(body(from, to), stateAt(from))).toMatchObject({ status: 200 });
    expect(await judge(body(4, 9), stateAt(5))).toMatchObject({ status: 409, size: 5 });
    expect(await judge(body(0, 9), stateAt(5))).toMatchObject({ status: 409, size: 5 });
    expect(await judge(body(5, 9), { size: 5, root: new Uint8Array(32) })).toMatchObject({ status: 422 });
    expect(await judge(body(5, 5), { size: 5, root: new Uint8Array(32) })).toMatchObject({ status: 409, size: 5 });
    expect(await judge(formatAddCheckpoint({ oldSize: 10, proof: [], checkpoint: checkpointOf(9) }), stateAt(10))).toMatchObject({ status: 400 });
  });
  it('knows logs by name and key', async () => {
    expect(await judge(body(0, 5, checkpointOf(5, [], testSigner('stranger'))))).toMatchObject({ status: 403 });
    expect(await judgeCheckpoint(body(0, 5), [], () => Promise.resolve(undefined), nodeCrypto)).toMatchObject({ status: 404 });
  });
  it('answers 400 to what is not a submission', async () => {
    const good = body(5, 9);
    for (const bad of ['', 'old 5', good.replace('old 5', 'old 05'), good.replace('old 5', 'new 5'), good.replace('old 5\n', 'old 5\n????\n'), good.replace('\n\n', '\n'), `${good}x`, good.replaceAll('\n', '\r\n'), `old 5\n${`${toBase64(new Uint8Array(32))}\n`.repeat(64)}\n${checkpointOf(9)}`]) {
      expect(await judge(bad, stateAt(5)), JSON.stringify(bad.slice(0, 40))).toMatchObject({ status: 400 });
    }
  });
});
