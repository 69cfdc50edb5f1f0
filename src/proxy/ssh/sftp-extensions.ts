/** Extensions of SFTP that this relay understands (OpenSSH, PROTOCOL section 4). Others are not offered to clients. */
import { ByteReader } from '../../base/bytes.ts';
import { readString } from '../../wire/ssh/data-types.ts';

export type Extended =
  | { readonly kind: 'rename' | 'hardlink'; readonly path: Buffer; readonly newPath: Buffer }
  | { readonly kind: 'list'; readonly path: Buffer; readonly rest: Buffer }
  | { readonly kind: 'lsetstat'; readonly path: Buffer; readonly rest: Buffer }
  | { readonly kind: 'expand'; readonly path: Buffer }
  | { readonly kind: 'handle'; readonly handle: Buffer }
  | { readonly kind: 'copy'; readonly from: Buffer; readonly to: Buffer }
  /** About the server itself. */
  | { readonly kind: 'server' };

type Decoder = (r: ByteReader<Buffer>) => Extended;

const twoPaths =
  (kind: 'rename' | 'hardlink'): Decoder =>
  (r) => ({ kind, path: readString(r), newPath: readString(r) });

const decoders = new Map<string, Decoder>([
  ['posix-rename@openssh.com', twoPaths('rename')],
  ['hardlink@openssh.com', twoPaths('hardlink')],
  ['statvfs@openssh.com', (r) => ({ kind: 'list', path: readString(r), rest: r.rest() })],
  ['fstatvfs@openssh.com', (r) => ({ kind: 'handle', handle: readString(r) })],
  ['fsync@openssh.com', (r) => ({ kind: 'handle', handle: readString(r) })],
  ['lsetstat@openssh.com', (r) => ({ kind: 'lsetstat', path: readString(r), rest: r.rest() })],
  ['expand-path@openssh.com', (r) => ({ kind: 'expand', path: readString(r) })],
  ['limits@openssh.com', () => ({ kind: 'server' })],
  ['copy-data', (r) => {
    const from = readString(r);
    r.bytes(16);
    const to = readString(r);
    r.bytes(8);
    return { kind: 'copy', from, to };
  }],
]);

export const knownExtensions: ReadonlySet<string> = new Set(decoders.keys());

/** @returns undefined for an extension that is not known @throws MalformedError */
export function decodeExtended(name: string, data: Buffer): Extended | undefined {
  const decode = decoders.get(name);
  if (decode === undefined) return undefined;
  const r = new ByteReader<Buffer>(data);
  const extended = decode(r);
  r.end();
  return extended;
}
