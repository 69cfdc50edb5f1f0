/**
 * Requests of a client, decoded to the last byte. Layout of each: `uint32 id` and the members in the order of the type.
 * Paths are bytes: what is not UTF-8 stays what it is.
 */
import { ByteReader, textOf } from '../../base/bytes.ts';
import { MalformedError } from '../../base/errors.ts';
import { readString } from '../ssh/data-types.ts';
import { packetType } from './protocol.ts';

/** One variant for each of the types, all with the same members. */
type Each<T extends string, M> = T extends unknown ? { readonly type: T } & M : never;

export type SftpRequest = { readonly id: number } & (
  | { readonly type: 'open'; readonly path: Buffer; readonly flags: number; readonly attrs: Buffer }
  | Each<'close' | 'fstat' | 'readdir', { readonly handle: Buffer }>
  | { readonly type: 'read'; readonly handle: Buffer; readonly offset: bigint; readonly length: number }
  | { readonly type: 'write'; readonly handle: Buffer; readonly offset: bigint; readonly data: Buffer }
  | Each<'lstat' | 'stat' | 'opendir' | 'remove' | 'rmdir' | 'realpath' | 'readlink', { readonly path: Buffer }>
  | Each<'setstat' | 'mkdir', { readonly path: Buffer; readonly attrs: Buffer }>
  | { readonly type: 'fsetstat'; readonly handle: Buffer; readonly attrs: Buffer }
  | { readonly type: 'rename'; readonly path: Buffer; readonly newPath: Buffer }
  /** In OpenSSH's order: what the link leads to comes first, which is not the order of the draft. */
  | { readonly type: 'symlink'; readonly target: Buffer; readonly path: Buffer }
  | { readonly type: 'extended'; readonly name: string; readonly data: Buffer }
);

/** The version that a client proposes. @param packet with its length @throws MalformedError */
export function decodeInit(packet: Buffer): number {
  const r = new ByteReader(packet.subarray(5), 5);
  if (packet[4] !== packetType.INIT) throw new MalformedError('malformed.phase', 'an SFTP session begins with INIT');
  return r.u32();
}

/** @param packet with its length @throws MalformedError for an unknown type, or bytes that do not decode */
export function decodeRequest(packet: Buffer): SftpRequest {
  const r = new ByteReader<Buffer>(packet.subarray(5), 5);
  const id = r.u32();
  const request = decodeMembers(packet[4] ?? 0, r);
  r.end();
  return { id, ...request };
}

type Members<T> = T extends unknown ? Omit<T, 'id'> : never;

const handleOnly = { [packetType.CLOSE]: 'close', [packetType.FSTAT]: 'fstat', [packetType.READDIR]: 'readdir' } as const;
const pathOnly = {
  [packetType.LSTAT]: 'lstat',
  [packetType.STAT]: 'stat',
  [packetType.OPENDIR]: 'opendir',
  [packetType.REMOVE]: 'remove',
  [packetType.RMDIR]: 'rmdir',
  [packetType.REALPATH]: 'realpath',
  [packetType.READLINK]: 'readlink',
} as const;

function decodeMembers(type: number, r: ByteReader<Buffer>): Members<SftpRequest> {
  if (type in handleOnly) return { type: handleOnly[type as keyof typeof handleOnly], handle: readString(r) };
  if (type in pathOnly) return { type: pathOnly[type as keyof typeof pathOnly], path: readString(r) };
  switch (type) {
    case packetType.OPEN:
      return { type: 'open', path: readString(r), flags: r.u32(), attrs: r.rest() };
    case packetType.READ:
      return { type: 'read', handle: readString(r), offset: readOffset(r), length: r.u32() };
    case packetType.WRITE:
      return { type: 'write', handle: readString(r), offset: readOffset(r), data: readString(r) };
    case packetType.SETSTAT:
      return { type: 'setstat', path: readString(r), attrs: r.rest() };
    case packetType.MKDIR:
      return { type: 'mkdir', path: readString(r), attrs: r.rest() };
    case packetType.FSETSTAT:
      return { type: 'fsetstat', handle: readString(r), attrs: r.rest() };
    case packetType.RENAME:
      return { type: 'rename', path: readString(r), newPath: readString(r) };
    case packetType.SYMLINK:
      return { type: 'symlink', target: readString(r), path: readString(r) };
    case packetType.EXTENDED:
      return { type: 'extended', name: textOf(readString(r)), data: r.rest() };
    default:
      throw new MalformedError('malformed.unknown_type', `an SFTP packet of type ${type}`, 4);
  }
}

const readOffset = (r: ByteReader): bigint => (BigInt(r.u32()) << 32n) | BigInt(r.u32());
