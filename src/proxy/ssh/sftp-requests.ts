/** What each SFTP request means, what policy is asked about it, and what goes to the server in its place. */
import type { SshRequest } from '../../policy/types.ts';
import { openFlag, packetType, status } from '../../wire/sftp/protocol.ts';
import { encodePacket } from '../../wire/sftp/reply.ts';
import type { SftpRequest } from '../../wire/sftp/request.ts';
import type { Recorded } from './journal.ts';
import { decodeExtended, type Extended } from './sftp-extensions.ts';
import { SftpFile } from './sftp-files.ts';
import { pathOf, textOfPath, type Meant } from './sftp-paths.ts';
import type { SftpRelay } from './sftp-relay.ts';
import type { Answer } from './sftp-server.ts';

type Operation = Extract<SshRequest, { kind: 'sftp' }>['operation'];

/** One question to policy; a request may be several. */
export interface Question {
  readonly operation: Operation;
  readonly path: string;
  readonly newPath?: string;
}

type Of<T extends SftpRequest['type']> = Extract<SftpRequest, { type: T }>;

/** @param packet the request's own, which may be sent on as it is @returns when the next may come, or undefined when it may at once */
export function handleRequest(relay: SftpRelay, r: SftpRequest, packet: Buffer): Promise<void> | undefined {
  switch (r.type) {
    case 'read':
      return onHandle(relay, r, packet, (file, { reply }) => (reply.type === 'data' ? file.read(r.offset, reply.data) : undefined));
    case 'write':
      relay.files.get(r.handle)?.wrote(r.offset, r.data);
      return onHandle(relay, r, packet, (file, { reply }) => {
        if (reply.type === 'status' && reply.code !== status.OK) file.failures++;
      });
    case 'fstat':
    case 'readdir':
      return onHandle(relay, r, packet);
    case 'fsetstat':
      return changeOpen(relay, r, packet);
    case 'close':
      return close(relay, r, packet);
    case 'open':
      return open(relay, r);
    case 'opendir':
      return openDirectory(relay, r);
    case 'realpath':
      return relay.server.ask(packetType.REALPATH, r.path).then((answer) => realpath(relay, r, answer));
    case 'symlink':
      return symlink(relay, r);
    case 'rename':
      return twoPaths(relay, r, r.path, r.newPath, 'rename', (a, b) => encodePacket(packetType.RENAME, 0, a, b));
    case 'extended':
      return extended(relay, r, packet);
    default:
      return onePath(relay, r);
  }
}

// --- open files -------------------------------------------------------------------------------------------------

function onHandle(relay: SftpRelay, r: SftpRequest & { readonly handle: Buffer }, packet: Buffer, seen?: (file: SftpFile, answer: Answer) => void): Promise<void> | undefined {
  const file = relay.files.get(r.handle);
  if (file === undefined) return relay.refuse(r, status.FAILURE, 'no such handle');
  return relay.server.forward(packet, (answer) => {
    seen?.(file, answer);
    relay.pass(r, answer);
  });
}

/** Rights and times through a handle: that it is open for reading does not say that they may change. */
async function changeOpen(relay: SftpRelay, r: Of<'fsetstat'>, packet: Buffer): Promise<void> {
  const file = relay.files.get(r.handle);
  if (file !== undefined && !file.grants.write && (await relay.decide(r, 'fsetstat', [{ operation: 'write', path: file.path }], true)) === undefined) return;
  await onHandle(relay, r, packet);
}

async function close(relay: SftpRelay, r: Of<'close'>, packet: Buffer): Promise<void> {
  const { context, channel } = relay.o;
  await onHandle(relay, r, packet, (file, { reply }) => {
    relay.files.closed(r.handle);
    if (!file.grants.directory) context.journal.fileEnd(channel, file.request, { ...file.summary(), status: reply.type === 'status' ? reply.code : -1 });
  });
}

async function open(relay: SftpRelay, r: Of<'open'>): Promise<void> {
  // With EXCL a link at this place is not followed but in the way.
  const path = await resolved(relay, r, r.path, (r.flags & openFlag.EXCL) === 0 ? 'follow' : 'entry');
  if (path === undefined) return;
  const write = (r.flags & ~openFlag.READ) !== 0;
  const read = (r.flags & openFlag.READ) !== 0 || !write;
  const questions = [...(read ? [{ operation: 'read' as const, path }] : []), ...(write ? [{ operation: 'write' as const, path }] : [])];
  const record = await relay.decide(r, write ? (read ? 'open_read_write' : 'open_write') : 'open_read', questions, write);
  if (record === undefined) return;
  await opened(relay, r, encodePacket(packetType.OPEN, 0, path, r.flags, { raw: r.attrs }), new SftpFile(path, record, { read, write, directory: false }));
}

async function openDirectory(relay: SftpRelay, r: Of<'opendir'>): Promise<void> {
  const path = await resolved(relay, r, r.path, 'follow');
  const record = path === undefined ? undefined : await relay.decide(r, 'opendir', [{ operation: 'list', path }], false);
  if (path === undefined || record === undefined) return;
  await opened(relay, r, encodePacket(packetType.OPENDIR, 0, path), new SftpFile(path, record, { read: true, write: false, directory: true }));
}

async function opened(relay: SftpRelay, r: SftpRequest, packet: Buffer, file: SftpFile): Promise<void> {
  await relay.server.forward(packet, (answer) => {
    if (answer.reply.type === 'handle') relay.files.opened(answer.reply.handle, file);
    else ended(relay, file.request, answer);
    relay.pass(r, answer);
  });
}

// --- paths ------------------------------------------------------------------------------------------------------

type PathRequest = Of<'lstat' | 'stat' | 'remove' | 'rmdir' | 'readlink' | 'setstat' | 'mkdir'>;

const onPath: Readonly<Record<PathRequest['type'], { readonly type: number; readonly operation: Operation; readonly meant: Meant }>> = {
  stat: { type: packetType.STAT, operation: 'list', meant: 'follow' },
  lstat: { type: packetType.LSTAT, operation: 'list', meant: 'entry' },
  readlink: { type: packetType.READLINK, operation: 'list', meant: 'entry' },
  setstat: { type: packetType.SETSTAT, operation: 'write', meant: 'follow' },
  mkdir: { type: packetType.MKDIR, operation: 'write', meant: 'entry' },
  remove: { type: packetType.REMOVE, operation: 'delete', meant: 'entry' },
  rmdir: { type: packetType.RMDIR, operation: 'delete', meant: 'entry' },
};

async function onePath(relay: SftpRelay, r: PathRequest): Promise<void> {
  const { type, operation, meant } = onPath[r.type];
  await act(relay, r, r.type, r.path, meant, operation, (path) => encodePacket(type, 0, path, ...('attrs' in r ? [{ raw: r.attrs }] : [])));
}

/** One request on one path, whose answer goes to the client as it is. */
async function act(relay: SftpRelay, r: SftpRequest, op: string, bytes: Buffer, meant: Meant, operation: Operation, packet: (path: string) => Buffer): Promise<void> {
  const path = await resolved(relay, r, bytes, meant);
  const record = path === undefined ? undefined : await relay.decide(r, op, [{ operation, path }], operation !== 'list');
  if (path === undefined || record === undefined) return;
  await forward(relay, r, packet(path), operation === 'list' ? undefined : record);
}

async function twoPaths(relay: SftpRelay, r: SftpRequest, from: Buffer, to: Buffer, op: string, packet: (from: string, to: string) => Buffer): Promise<void> {
  const path = await resolved(relay, r, from, 'entry');
  const newPath = path === undefined ? undefined : await resolved(relay, r, to, 'entry');
  if (path === undefined || newPath === undefined) return;
  const record = await relay.decide(r, op, [{ operation: 'rename', path, newPath }], true);
  if (record !== undefined) await forward(relay, r, packet(path, newPath), record);
}

/** What the link leads to goes to the server as it was given: a relative one means something else elsewhere. */
async function symlink(relay: SftpRelay, r: Of<'symlink'>): Promise<void> {
  const path = await resolved(relay, r, r.path, 'entry');
  if (path === undefined) return;
  const target = textOfPath(r.target);
  const from = target?.startsWith('/') === true ? r.target : Buffer.from(`${path.slice(0, path.lastIndexOf('/') + 1)}${target ?? ''}`);
  const newPath = await resolved(relay, r, target === undefined ? r.target : from, 'follow');
  if (newPath === undefined) return;
  const record = await relay.decide(r, 'symlink', [{ operation: 'write', path, newPath }], true);
  if (record !== undefined) await forward(relay, r, encodePacket(packetType.SYMLINK, 0, r.target, path), record);
}

/** The client asks where a path leads: it is told if it may look there. */
async function realpath(relay: SftpRelay, r: SftpRequest, answer: Answer): Promise<void> {
  const where = pathOf(answer);
  if ('refusal' in where) {
    await relay.refuseUnasked(r, 'realpath', status.PERMISSION_DENIED, where.refusal);
    return;
  }
  if ('path' in where && (await relay.decide(r, 'realpath', [{ operation: 'list', path: where.path }], false)) === undefined) return;
  relay.pass(r, answer);
  await relay.flush();
}

/** @returns undefined when the client has its answer already */
async function resolved(relay: SftpRelay, r: SftpRequest, bytes: Buffer, meant: Meant): Promise<string | undefined> {
  const where = await relay.paths.resolve(bytes, meant);
  if ('path' in where) return where.path;
  if ('refusal' in where) {
    await relay.refuseUnasked(r, r.type, status.PERMISSION_DENIED, where.refusal);
    return undefined;
  }
  // There is nothing at this place, or the server does not let its user look: its own answer says so.
  relay.o.context.journal.note(`sftp ${r.type} of ${textOfPath(bytes) ?? ''}: the server cannot resolve it`);
  relay.pass(r, where.answer);
  await relay.flush();
  return undefined;
}

async function forward(relay: SftpRelay, r: SftpRequest, packet: Buffer, record: Recorded | undefined): Promise<void> {
  await relay.server.forward(packet, (answer) => {
    if (record !== undefined) ended(relay, record, answer);
    relay.pass(r, answer);
  });
}

function ended(relay: SftpRelay, record: Recorded, { reply }: Answer): void {
  relay.o.context.journal.fileEnd(relay.o.channel, record, { status: reply.type === 'status' ? reply.code : 0 });
}

// --- extensions -------------------------------------------------------------------------------------------------

async function extended(relay: SftpRelay, r: Of<'extended'>, packet: Buffer): Promise<void> {
  const x = decodeExtended(r.name, r.data);
  if (x === undefined) {
    await relay.refuseUnasked(r, `sftp extension ${r.name.slice(0, 64)}`, status.OP_UNSUPPORTED, 'this SFTP extension is not served');
    return;
  }
  const again = (...members: Parameters<typeof encodePacket>[1][]): Buffer => encodePacket(packetType.EXTENDED, 0, r.name, ...members);
  await extendedRequest(relay, r, packet, x, again);
}

async function extendedRequest(relay: SftpRelay, r: Of<'extended'>, packet: Buffer, x: Extended, again: (...members: Parameters<typeof encodePacket>[1][]) => Buffer): Promise<void> {
  switch (x.kind) {
    case 'rename':
    case 'hardlink':
      return twoPaths(relay, r, x.path, x.newPath, x.kind, (a, b) => again(a, b));
    case 'list':
      return act(relay, r, 'statvfs', x.path, 'follow', 'list', (path) => again(path, { raw: x.rest }));
    case 'lsetstat':
      return act(relay, r, 'lsetstat', x.path, 'entry', 'write', (path) => again(path, { raw: x.rest }));
    case 'expand':
      return realpath(relay, r, await relay.server.ask(packetType.EXTENDED, r.name, x.path));
    case 'handle':
      return onHandle(relay, { ...r, handle: x.handle }, packet);
    case 'copy': {
      const from = relay.files.get(x.from);
      const to = relay.files.get(x.to);
      const questions: Question[] = from && to ? [{ operation: 'read', path: from.path, newPath: to.path }, { operation: 'write', path: to.path }] : [];
      if (questions.length === 0) return relay.refuse(r, status.FAILURE, 'no such handle');
      const record = await relay.decide(r, 'copy', questions, true);
      return record === undefined ? undefined : forward(relay, r, packet, record);
    }
    case 'server':
      return forward(relay, r, packet, undefined);
  }
}
