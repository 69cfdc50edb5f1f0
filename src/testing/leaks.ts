/** Looks for values where they must not be: in bytes on a wire, and in every file under a directory. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { gunzipSync, inflateRawSync } from 'node:zlib';

/** Each value as it could lie in bytes: plain, in hex, and in base64 at each of the three alignments. */
function forms(value: string): Buffer[] {
  const bytes = Buffer.from(value, 'utf8');
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replace(/=+$/, '');
    // The first and the last characters mix with the neighbours.
    return text.slice(shift === 0 ? 0 : shift + 1, (shift + bytes.length) % 3 === 0 ? undefined : -1);
  });
  return [bytes, Buffer.from(bytes.toString('hex')), ...base64.filter((t) => t.length >= 8).map((t) => Buffer.from(t))];
}

/** The values that are found in the bytes, whatever their form. Case does not hide a value. */
export function leaksIn(bytes: Buffer, values: readonly string[]): string[] {
  const lower = Buffer.from(bytes.toString('latin1').toLowerCase(), 'latin1');
  return values.filter((value) => forms(value).some((form) => bytes.includes(form)) || lower.includes(value.toLowerCase()));
}

/** Where values are found in files under `dir`, packed ones unpacked. `skip` names directories that are left out. */
export function leaksUnder(dir: string, values: readonly string[], skip: readonly string[] = []): string[] {
  return filesUnder(dir, skip).flatMap((file) => contents(file).flatMap((bytes) => leaksIn(bytes, values).map((value) => `${value} in ${path.relative(dir, file)}`)));
}

export function filesUnder(dir: string, skip: readonly string[] = []): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const at = path.join(dir, entry.name);
    if (skip.includes(entry.name)) return [];
    if (entry.isDirectory()) return filesUnder(at, skip);
    return lstatSync(at).isFile() ? [at] : [];
  });
}

/** The bytes of a file, and those of what is packed in it. */
export function contents(file: string): Buffer[] {
  const bytes = readFileSync(file);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return [bytes, gunzipSync(bytes)];
  if (bytes.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004') return [bytes, ...zipMembers(bytes)];
  return [bytes];
}

/** Members of a zip by their central directory. */
function zipMembers(bytes: Buffer): Buffer[] {
  const end = bytes.lastIndexOf('PK\u0005\u0006', undefined, 'latin1');
  const members: Buffer[] = [];
  for (let at = bytes.readUInt32LE(end + 16), left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const packed = bytes.subarray(start, start + bytes.readUInt32LE(at + 20));
    members.push(bytes.readUInt16LE(at + 10) === 8 ? inflateRawSync(packed) : packed);
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return members;
}

export interface Tap {
  readonly port: number;
  /** Everything the client received so far. */
  received(): Buffer;
  clear(): void;
  stop(): void;
}

/** A relay between client and gateway that keeps what the client receives, byte by byte. */
export async function startTap(port: number): Promise<Tap> {
  let kept: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const gateway = connect(port, '127.0.0.1');
    gateway.on('data', (chunk: Buffer) => kept.push(chunk));
    for (const socket of [client, gateway]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.pipe(gateway);
    gateway.pipe(client);
    client.on('close', () => gateway.end());
    gateway.on('close', () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the tap has no port');
  return {
    port: address.port,
    received: () => Buffer.concat(kept),
    clear: () => {
      kept = [];
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
