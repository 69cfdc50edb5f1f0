/** Files over SFTP against a real server; what the proxy decides about them is tested where it decides. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import ssh2, { type Client, type SFTPWrapper } from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EnvironmentError } from '../../base/errors.ts';
import type { Transfer } from '../../contract/ipc/terminal.ts';
import { startSshd, type Sshd } from '../../testing/sshd.ts';
import { download } from './download.ts';
import { list, makeDirectory, remove, RemoteFile, rename, sftpError } from './remote-files.ts';
import { TransferState } from './transfer.ts';
import { localName } from './transfers.ts';
import { Upload } from './upload.ts';

let sshd: Sshd;
let client: Client;
let sftp: SFTPWrapper;
let dir: string;

beforeAll(async () => {
  sshd = await startSshd();
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-files-'));
  client = new ssh2.Client();
  sftp = await new Promise((resolve, reject) => {
    client.once('error', reject).once('ready', () => client.sftp((error, channel) => (error ? reject(error) : resolve(channel))));
    client.connect({ host: '127.0.0.1', port: sshd.port, username: sshd.user, privateKey: readFileSync(sshd.keyFile) });
  });
});

afterAll(async () => {
  client.end();
  await sshd.stop();
  rmSync(dir, { recursive: true, force: true });
});

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function watched(direction: Transfer['direction'], totalBytes: number): { state: TransferState; last: () => Transfer | undefined } {
  let last: Transfer | undefined;
  return { state: new TransferState({ transferId: 'x', tabId: 't', direction, name: 'n', totalBytes }, (now) => (last = now)), last: () => last };
}

async function fetched(from: string, place: string, abortFirst = false): Promise<Transfer | undefined> {
  const remote = await RemoteFile.open(sftp, from, 'r');
  const size = await remote.sizeBytes();
  const { state, last } = watched('down', size);
  if (abortFirst) state.abort.abort();
  await download(remote, size, place, state);
  return last();
}

describe('files of a host', () => {
  it('are listed with kind, size and rights, directories first', async () => {
    const at = path.join(dir, 'listed');
    mkdirSync(path.join(at, 'z'), { recursive: true });
    writeFileSync(path.join(at, 'a.txt'), 'hello', { mode: 0o640 });
    const { path: real, entries, truncated } = await list(sftp, `${at}/z/..`);
    expect({ real, truncated }).toEqual({ real: at, truncated: false });
    expect(entries.map((e) => [e.name, e.kind])).toEqual([['z', 'directory'], ['a.txt', 'file']]);
    expect(entries[1]).toMatchObject({ sizeBytes: 5, rights: 'rw-r-----' });
  });

  it('are made, renamed and removed; what cannot be done is said in words', async () => {
    const at = path.join(dir, 'made');
    await makeDirectory(sftp, at);
    await rename(sftp, at, `${at}2`);
    writeFileSync(path.join(`${at}2`, 'inside'), '');
    await expect(remove(sftp, `${at}2`, true)).rejects.toThrow(/could not do it/);
    await remove(sftp, path.join(`${at}2`, 'inside'), false);
    await remove(sftp, `${at}2`, true);
    expect(existsSync(`${at}2`)).toBe(false);
    await expect(list(sftp, at)).rejects.toThrow(new EnvironmentError('env.io', `${at}: there is no such file or directory`));
  });

  it('come whole, also those without a size', async () => {
    const bytes = randomBytes(3 * 1024 * 1024 + 17);
    writeFileSync(path.join(dir, 'big'), bytes);
    expect(await fetched(path.join(dir, 'big'), path.join(dir, 'big.local'))).toMatchObject({ state: 'done', doneBytes: bytes.length, message: sha256(bytes) });
    expect(readFileSync(path.join(dir, 'big.local')).equals(bytes)).toBe(true);
    const mounts = path.join(dir, 'status.local');
    expect(await fetched('/proc/self/status', mounts)).toMatchObject({ state: 'done' });
    expect(readFileSync(mounts, 'utf8')).toContain('Pid:');
  });

  it('leave nothing here when they are cancelled, and keep what was at the place', async () => {
    const place = path.join(dir, 'kept.local');
    writeFileSync(place, 'older');
    writeFileSync(path.join(dir, 'cancelled'), randomBytes(100_000));
    expect(await fetched(path.join(dir, 'cancelled'), place, true)).toMatchObject({ state: 'cancelled' });
    expect(readFileSync(place, 'utf8')).toBe('older');
    expect(existsSync(`${place}.part`)).toBe(false);
  });

  it('go up in pieces; a cancelled one is taken away again', async () => {
    const bytes = randomBytes(700_001);
    const at = path.join(dir, 'up');
    const begin = async (mode: 'w' | 'wx'): Promise<{ upload: Upload; last: () => Transfer | undefined }> => {
      const { state, last } = watched('up', bytes.length);
      return { upload: new Upload(await RemoteFile.open(sftp, at, mode), bytes.length, state, mode === 'wx' ? () => remove(sftp, at, false) : undefined), last };
    };
    const first = await begin('wx');
    await first.upload.chunk(bytes.subarray(0, 100_000));
    await first.upload.cancel();
    expect(first.last()).toMatchObject({ state: 'cancelled' });
    expect(existsSync(at)).toBe(false);

    const second = await begin('wx');
    await Promise.all([second.upload.chunk(bytes.subarray(0, 262_144)), second.upload.chunk(bytes.subarray(262_144))]);
    await second.upload.end();
    expect(second.last()).toMatchObject({ state: 'done', doneBytes: bytes.length, message: sha256(bytes) });
    expect(readFileSync(at).equals(bytes)).toBe(true);

    await expect(begin('wx')).rejects.toThrow(/could not do it/);
    const short = await begin('w');
    await short.upload.chunk(bytes.subarray(0, 5));
    await short.upload.end();
    expect(short.last()).toMatchObject({ state: 'failed' });
    expect(short.last()?.message).toContain('incomplete');
  });
});

describe('words', () => {
  it('tell a refusal of policy from one of the server', () => {
    expect(sftpError(Object.assign(new Error('denied by policy: not for you. Reference s/1'), { code: 3 }), '/x')).toMatchObject({ code: 'denied', message: 'not for you. Reference s/1' });
    expect(sftpError(Object.assign(new Error('withdrawn before a decision; it did not run. Reference s/1'), { code: 3 }), '/x')).toMatchObject({ code: 'denied', message: 'withdrawn before a decision; it did not run. Reference s/1' });
    expect(sftpError(Object.assign(new Error('Permission denied'), { code: 3 }), '/x').message).toBe('/x: the server does not permit it');
  });
  it.each([['/a/b.txt', 'b.txt'], ['/a/..', 'download'], ['/a/.ssh', 'ssh'], ['/x/a\u202egpj.exe', 'a_gpj.exe'], ['/x/c:d|e', 'c_d_e']])('a file of the host %j is saved as %j', (remote, local) => expect(localName(remote)).toBe(local));
});
