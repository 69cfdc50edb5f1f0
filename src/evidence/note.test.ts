import { describe, expect, it } from 'vitest';
import { fromBase64, utf8 } from '../base/encoding.ts';
import { testSigner } from '../testing/evidence-session.ts';
import { nodeCrypto } from './node-crypto.ts';
import { formatCheckpoint, formatNote, noteKeyId, parseCheckpoint, parseNote, verifyCosignature, verifyNote } from './note.ts';
import { cosign, signCheckpoint } from './sign.ts';
import { webCrypto } from './verify-crypto.ts';

// The example of the Go module that C2SP signed-note describes.
const published =
  'If you think cryptography is the answer to your problem,\nthen you don\u2019t know what your problem is.\n'.replace('\u2019', "'") +
  '\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const publishedKey = fromBase64('ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW').slice(1);

const session = testSigner('session');
const witness = { name: 'witness.example/w1', signer: testSigner('witness') };
const witnessKey = { name: witness.name, publicKey: witness.signer.publicKey };
const checkpoint = { origin: 'store.example.com/dev/s1', size: 7, root: new Uint8Array(32).fill(5) };

describe('signed note', () => {
  it('verifies the published example with both crypto ports', async () => {
    const note = parseNote(published);
    for (const crypto of [webCrypto, nodeCrypto]) {
      expect(await verifyNote(note, { name: 'PeterNeumann', publicKey: publishedKey }, crypto)).toBe(true);
      expect(await verifyNote({ ...note, text: note.text.replace('answer', 'ansver') }, { name: 'PeterNeumann', publicKey: publishedKey }, crypto)).toBe(false);
    }
    expect(Buffer.from(noteKeyId('PeterNeumann', 1, publishedKey)).toString('hex')).toBe('c74f20a3');
    expect(formatNote(note)).toBe(published);
  });

  it('signs a checkpoint that verifies for its own key and name only', async () => {
    const text = signCheckpoint(checkpoint, session);
    const note = parseNote(text);
    expect(parseCheckpoint(note.text)).toEqual(checkpoint);
    expect(await verifyNote(note, { name: checkpoint.origin, publicKey: session.publicKey })).toBe(true);
    expect(await verifyNote(note, { name: checkpoint.origin, publicKey: witness.signer.publicKey })).toBe(false);
    expect(await verifyNote(note, { name: 'store.example.com/dev/s2', publicKey: session.publicKey })).toBe(false);
  });
});

describe('cosignature', () => {
  it('carries the witness\u2019s time', async () => {
    const text = signCheckpoint(checkpoint, session);
    const note = parseNote(text + cosign(parseNote(text).text, witness, 1_780_000_123_999));
    expect(await verifyCosignature(note, witnessKey)).toEqual({ state: 'good', timeMs: 1_780_000_123_000 });
    expect(await verifyCosignature(parseNote(text), witnessKey)).toEqual({ state: 'absent' });
  });

  it('is bad when it is about another note or its time was changed', async () => {
    const text = signCheckpoint(checkpoint, session);
    const other = signCheckpoint({ ...checkpoint, size: 8 }, session);
    const moved = parseNote(text + cosign(parseNote(other).text, witness, 1_780_000_000_000));
    expect(await verifyCosignature(moved, witnessKey)).toEqual({ state: 'bad' });
    const note = parseNote(text + cosign(parseNote(text).text, witness, 1_780_000_000_000));
    const line = note.signatures[1]!;
    line.signature[7]! ^= 1;
    expect(await verifyCosignature(note, witnessKey)).toEqual({ state: 'bad' });
  });
});

describe('malformed notes', () => {
  const good = signCheckpoint(checkpoint, session);
  it.each([
    ['no signature', 'text\n'],
    ['no last line feed', good.slice(0, -1)],
    ['control character', good.replace('7', '\u0007')],
    ['hyphen for dash', good.replace('\u2014', '-')],
    ['space in base64', good.replace(/(.{5})\n$/, ' $1\n')],
    ['short signature', 'text\n\n\u2014 name AAAA\n'],
    ['too long', 'a'.repeat(20_000)],
  ])('%s', (_name, text) => {
    expect(() => parseNote(text)).toThrow();
  });
  it.each(['o\n07\nAAAA\n', 'o\n7\nAAAA\n', 'o\n-1\n', formatCheckpoint(checkpoint) + 'extension\n', ' \n7\n' + 'A'.repeat(43) + '=\n', ''])('checkpoint %j', (text) => {
    expect(() => parseCheckpoint(text)).toThrow();
  });
  it('is UTF-8 bytes that are signed', () => {
    expect(utf8(parseNote(good).text).length).toBe(parseNote(good).text.length);
  });
});
