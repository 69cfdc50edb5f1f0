// PostgreSQL refuses to run as root. When we are root (containers), its programs run as an unprivileged system user.
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Stop } from './log.mjs';
import { capture } from './run.mjs';

const isRoot = () => process.getuid?.() === 0;

/** The user for servers that refuse root: {} when we are not root, else {uid, gid} of postgres or nobody. */
export function serverUser() {
  if (!isRoot()) return {};
  for (const name of ['postgres', 'nobody']) {
    const uid = capture('id', ['-u', name]);
    const gid = capture('id', ['-g', name]);
    if (uid.code === 0 && gid.code === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Stop('PostgreSQL does not run as root, and there is neither a user postgres nor nobody; run this as a normal user', 2);
}

const can = (user, command, args) => capture(command, args, { ...user, cwd: '/' }).code === 0;

/** A folder that `user` may write: the wanted one if it can be reached, else a temporary one. */
export function folderFor(user, wanted) {
  mkdirSync(wanted, { recursive: true, mode: 0o700 });
  if (user.uid === undefined) return { path: wanted, temporary: false };
  chownSync(wanted, user.uid, user.gid);
  if (can(user, 'test', ['-w', wanted])) return { path: wanted, temporary: false };
  rmSync(wanted, { recursive: true, force: true });
  const path = mkdtempSync(join(tmpdir(), 'sallyport-'));
  chownSync(path, user.uid, user.gid);
  return { path, temporary: true };
}

/** A copy of the programs below `dir` that `user` can run, or `dir` itself when it already can. `probe` is one of them, relative. */
export function programsFor(user, dir, probe) {
  if (user.uid === undefined || can(user, join(dir, probe), ['--version'])) return { path: dir, temporary: false };
  const base = mkdtempSync(join(tmpdir(), 'sallyport-bin-'));
  const path = join(base, 'native');
  cpSync(dir, path, { recursive: true, verbatimSymlinks: true });
  chmodSync(base, 0o755);
  if (!can(user, join(path, probe), ['--version'])) throw new Stop(`${join(dirname(path), probe)} cannot be run as user ${user.uid}`);
  return { path, base, temporary: true };
}
