/** SFTP packets: cut anywhere, decoded to the last byte, and what does not decode is refused. */
import { describe, expect, it } from 'vitest';
import { SftpFramer } from './framer.ts';
import { maxPacketBytes, packetType } from './protocol.ts';
import { decodeReply, decodeVersion, encodePacket, encodeStatus, encodeVersion, setId } from './reply.ts';
import { decodeInit, decodeRequest } from './request.ts';

const offset = { raw: Buffer.from('0000000100000002', 'hex') };
const requests: [string, Buffer, object][] = [
  ['open', encodePacket(packetType.OPEN, 7, '/a', 3, { raw: Buffer.from([0, 0, 0, 0]) }), { id: 7, type: 'open', flags: 3 }],
  ['read', encodePacket(packetType.READ, 8, 'h', offset, 32_768), { type: 'read', offset: 0x1_0000_0002n, length: 32_768 }],
  ['write', encodePacket(packetType.WRITE, 9, 'h', offset, 'data'), { type: 'write', data: Buffer.from('data') }],
  ['rename', encodePacket(packetType.RENAME, 1, '/a', '/b'), { type: 'rename', path: Buffer.from('/a'), newPath: Buffer.from('/b') }],
  ['symlink', encodePacket(packetType.SYMLINK, 2, 'to', '/link'), { type: 'symlink', target: Buffer.from('to'), path: Buffer.from('/link') }],
  ['extended', encodePacket(packetType.EXTENDED, 3, 'x@y', { raw: Buffer.from([1]) }), { type: 'extended', name: 'x@y' }],
];

describe('framer', () => {
  it('gives the same packets however the stream is cut', () => {
    const stream = Buffer.concat(requests.map(([, packet]) => packet));
    for (let size = 1; size <= stream.length; size++) {
      const framer = new SftpFramer();
      const found: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) {
        framer.push(stream.subarray(at, at + size));
        for (let packet = framer.next(); packet; packet = framer.next()) found.push(packet);
      }
      expect(Buffer.concat(found).equals(stream)).toBe(true);
      expect(found.length).toBe(requests.length);
      expect(framer.buffered).toBe(0);
    }
  });

  it.each([0, maxPacketBytes + 1, 0xffff_ffff])('refuses a length of %d', (length) => {
    const framer = new SftpFramer();
    const head = Buffer.alloc(5);
    head.writeUInt32BE(length);
    framer.push(head);
    expect(() => framer.next()).toThrow(/SFTP packet of/);
  });
});

describe('requests', () => {
  it.each(requests)('%s', (_, packet, expected) => {
    expect(decodeRequest(packet)).toMatchObject(expected);
  });

  it.each(requests.filter(([name]) => name !== 'open' && name !== 'extended'))('%s cut short anywhere, or too long, is refused', (_, packet) => {
    for (let length = 5; length < packet.length; length++) expect(() => decodeRequest(packet.subarray(0, length))).toThrow();
    expect(() => decodeRequest(Buffer.concat([packet, Buffer.from([0])]))).toThrow(/after the end/);
  });

  it('refuses unknown types, and a session that begins with something else', () => {
    for (const type of [0, 1, 2, 21, 101, 199, 255]) expect(() => decodeRequest(encodePacket(type, 1, 'x'))).toThrow(/of type/);
    expect(() => decodeInit(requests[0]?.[1] ?? Buffer.alloc(9))).toThrow(/begins with INIT/);
    expect(decodeInit(encodePacket(packetType.INIT, 3))).toBe(3);
  });
});

describe('replies', () => {
  it('are decoded, and numbered anew without another change', () => {
    expect(decodeReply(encodeStatus(5, 3, 'no'))).toEqual({ id: 5, type: 'status', code: 3 });
    const data = encodePacket(packetType.DATA, 5, 'bytes');
    expect(decodeReply(setId(data, 77))).toMatchObject({ id: 77, type: 'data', data: Buffer.from('bytes') });
    expect(decodeReply(encodePacket(packetType.NAME, 1, 1, '/real', 'long', { raw: Buffer.alloc(4) }))).toMatchObject({ type: 'name', first: Buffer.from('/real') });
    const extensions = [{ name: Buffer.from('a@b'), data: Buffer.from('1') }];
    expect(decodeVersion(encodeVersion(extensions))).toEqual({ version: 3, extensions });
  });

  it('that do not decode are refused', () => {
    expect(() => decodeReply(encodePacket(packetType.DATA, 5, { raw: Buffer.from([0, 0, 0, 9, 1]) }))).toThrow();
    expect(() => decodeReply(encodePacket(42, 5))).toThrow(/reply of type/);
    expect(() => decodeVersion(encodePacket(packetType.VERSION, 3, 'lonely'))).toThrow();
  });
});
