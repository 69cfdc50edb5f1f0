/** Replies of a server, as far as a relay looks into them; and those that it makes itself. */
import { ByteReader } from '../../base/bytes.ts';
import { MalformedError } from '../../base/errors.ts';
import { readString } from '../ssh/data-types.ts';
import { packetType, VERSION } from './protocol.ts';

export type SftpReply = { readonly id: number } & (
  | { readonly type: 'status'; readonly code: number }
  | { readonly type: 'handle'; readonly handle: Buffer }
  | { readonly type: 'data'; readonly data: Buffer }
  /** `first` is the first of the names, without its long form. */
  | { readonly type: 'name'; readonly count: number; readonly first: Buffer | undefined }
  | { readonly type: 'attrs' | 'extended' }
);

/** @param packet with its length @throws MalformedError */
export function decodeReply(packet: Buffer): SftpReply {
  const r = new ByteReader<Buffer>(packet.subarray(5), 5);
  const id = r.u32();
  switch (packet[4]) {
    case packetType.STATUS:
      // Text and language follow, or, from old servers, nothing.
      return { id, type: 'status', code: r.u32() };
    case packetType.HANDLE: {
      const handle = readString(r);
      r.end();
      return { id, type: 'handle', handle };
    }
    case packetType.DATA: {
      const data = readString(r);
      r.end();
      return { id, type: 'data', data };
    }
    case packetType.NAME: {
      const count = r.u32();
      return { id, type: 'name', count, first: count > 0 ? readString(r) : undefined };
    }
    case packetType.ATTRS:
      return { id, type: 'attrs' };
    case packetType.EXTENDED_REPLY:
      return { id, type: 'extended' };
    default:
      throw new MalformedError('malformed.unknown_type', `an SFTP reply of type ${packet[4] ?? 0}`, 4);
  }
}

export interface SftpVersion {
  readonly version: number;
  readonly extensions: readonly { readonly name: Buffer; readonly data: Buffer }[];
}

/** @throws MalformedError */
export function decodeVersion(packet: Buffer): SftpVersion {
  if (packet[4] !== packetType.VERSION) throw new MalformedError('malformed.phase', 'the server does not begin with VERSION');
  const r = new ByteReader<Buffer>(packet.subarray(5), 5);
  const version = r.u32();
  const extensions: { name: Buffer; data: Buffer }[] = [];
  while (r.remaining > 0) extensions.push({ name: readString(r), data: readString(r) });
  return { version, extensions };
}

/** A packet of this type: members are numbers (uint32) and strings. */
export function encodePacket(type: number, ...members: readonly (number | string | Uint8Array | { readonly raw: Uint8Array })[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const member of members) {
    if (typeof member === 'object' && 'raw' in member) {
      parts.push(member.raw);
      continue;
    }
    const head = Buffer.alloc(4);
    const bytes = typeof member === 'number' ? undefined : Buffer.from(member);
    head.writeUInt32BE(typeof member === 'number' ? member : (bytes?.length ?? 0));
    parts.push(head);
    if (bytes) parts.push(bytes);
  }
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + parts.reduce((n, p) => n + p.length, 0));
  head[4] = type;
  return Buffer.concat([head, ...parts]);
}

export const encodeStatus = (id: number, code: number, text: string): Buffer => encodePacket(packetType.STATUS, id, code, text, '');

export const encodeVersion = (extensions: SftpVersion['extensions']): Buffer => encodePacket(packetType.VERSION, VERSION, ...extensions.flatMap((e) => [e.name, e.data]));

/** Numbers a packet anew, in place: the two sides of a relay count apart. @returns the packet */
export function setId(packet: Buffer, id: number): Buffer {
  packet.writeUInt32BE(id >>> 0, 5);
  return packet;
}
