// Child processes: one-off commands with progress, and servers that are ended by their own pid when the script ends.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { info, Stop } from './log.mjs';

const windows = process.platform === 'win32';
/** Children that still run, the oldest first. */
const owned = new Set();
let hooked = false;

/** The full path of a command on PATH, or undefined. */
export function which(name, extraDirs = []) {
  const dirs = [...(process.env.PATH ?? '').split(delimiter), ...extraDirs].filter(Boolean);
  const names = windows ? [`${name}.exe`, `${name}.cmd`, name] : [name];
  for (const dir of dirs) {
    for (const candidate of names) {
      const path = join(dir, candidate);
      try {
        accessSync(path, constants.X_OK);
        if (statSync(path).isFile()) return path;
      } catch { /* not here */ }
    }
  }
  return undefined;
}

/** Runs a command and returns its code and output without printing anything. Never throws for a failing command. */
export function capture(command, args = [], options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options });
  return { code: result.status ?? 1, stdout: result.stdout ?? '', stderr: result.stderr ?? '', error: result.error };
}

/**
 * Runs a command to its end.
 * `output`: 'inherit' streams it to stderr, 'quiet' keeps it and shows the tail only when the command fails.
 * A quiet command says every 10 seconds that it still works. Ends the command after `timeoutMs`.
 * @returns {Promise<{code: number, output: string, timedOut: boolean}>}
 */
export function run(command, args = [], { cwd, env, label = command, output = 'quiet', timeoutMs, allowFailure = false, uid, gid, onLine } = {}) {
  return new Promise((resolve, reject) => {
    hookExit();
    const child = spawn(command, args, { cwd, env: env ?? process.env, uid, gid, stdio: ['ignore', 'pipe', 'pipe'], shell: windows && command.endsWith('.cmd') });
    owned.add(child);
    const tail = [];
    let tailBytes = 0;
    let timedOut = false;
    let partial = '';
    const take = (chunk) => {
      if (output === 'inherit') process.stderr.write(chunk);
      tail.push(chunk);
      tailBytes += chunk.length;
      while (tailBytes > 256 * 1024 && tail.length > 1) tailBytes -= tail.shift().length;
      if (onLine) {
        const lines = (partial + chunk.toString('utf8')).split('\n');
        partial = lines.pop() ?? '';
        lines.forEach(onLine);
      }
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const begun = Date.now();
    const beat = output === 'quiet' ? setInterval(() => info(`${label}: still working (${Math.round((Date.now() - begun) / 1000)} s)`), 10_000) : undefined;
    const limit = timeoutMs === undefined ? undefined : setTimeout(() => { timedOut = true; child.kill('SIGKILL'); }, timeoutMs);
    const clear = () => { clearInterval(beat); clearTimeout(limit); owned.delete(child); };
    child.once('error', (error) => { clear(); reject(new Stop(`${label}: cannot start ${command}: ${error.message}`)); });
    child.once('close', (code, signal) => {
      clear();
      const text = Buffer.concat(tail).toString('utf8');
      if (code === 0 || allowFailure) return resolve({ code: code ?? 1, output: text, timedOut });
      const why = timedOut ? `did not finish within ${timeoutMs / 1000} s` : signal ? `was ended by ${signal}` : `failed with exit code ${code}`;
      const shown = output === 'quiet' ? `\n${lastLines(text, 30)}` : '';
      reject(new Stop(`${label} ${why}${shown}`));
    });
  });
}

export const lastLines = (text, count) => text.trimEnd().split('\n').slice(-count).join('\n');

/**
 * Starts a long-running process that this script owns: it is ended by pid when the script exits or is interrupted.
 * @returns {import('node:child_process').ChildProcess & {stop: (graceMs?: number) => Promise<void>}}
 */
export function startOwned(command, args, options = {}) {
  hookExit();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  owned.add(child);
  child.once('close', () => owned.delete(child));
  child.stop = (graceMs = 10_000, signal = 'SIGTERM') => stopChild(child, graceMs, signal);
  return child;
}

async function stopChild(child, graceMs, signal) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.kill(signal);
  const hard = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await gone;
  clearTimeout(hard);
}

/** Ends everything that startOwned started and that still runs, the youngest first. */
export async function stopAll() {
  for (const child of [...owned].reverse()) await stopChild(child, 10_000, 'SIGTERM');
}

function hookExit() {
  if (hooked) return;
  hooked = true;
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) {
    process.once(signal, () => { void stopAll().finally(() => process.exit(code)); });
  }
  // The last net: exit handlers cannot wait, so what is still alive here is ended hard.
  process.once('exit', () => { for (const child of owned) child.kill('SIGKILL'); });
}

/**
 * Waits for a line of a child's stdout (or stderr) that `match` accepts, and returns what match returned.
 * Fails when the child ends first or when timeoutMs passes; the error carries the child's last output.
 */
export function waitForLine(child, match, { label, timeoutMs = 60_000 }) {
  return new Promise((resolve, reject) => {
    let seen = '';
    const buffers = new Map();
    const finish = (settle) => {
      clearTimeout(timer);
      child.stdout?.off('data', onOut);
      child.stderr?.off('data', onErr);
      child.off('close', onClose);
      // Keep draining: a child whose pipe is full would stop.
      child.stdout?.resume();
      child.stderr?.resume();
      settle();
    };
    const read = (name) => (chunk) => {
      seen = (seen + chunk.toString('utf8')).slice(-16_384);
      const lines = ((buffers.get(name) ?? '') + chunk.toString('utf8')).split('\n');
      buffers.set(name, lines.pop() ?? '');
      for (const line of lines) {
        const found = match(line);
        if (found !== undefined && found !== false) return finish(() => resolve(found));
      }
    };
    const onOut = read('out');
    const onErr = read('err');
    const onClose = (code, signal) => finish(() => reject(new Stop(`${label} ended (${signal ?? `exit code ${code}`}) before it was ready\n${lastLines(seen, 20)}`)));
    const timer = setTimeout(() => finish(() => reject(new Stop(`${label} was not ready within ${timeoutMs / 1000} s\n${lastLines(seen, 20)}`))), timeoutMs);
    child.stdout?.on('data', onOut);
    child.stderr?.on('data', onErr);
    child.once('close', onClose);
  });
}
