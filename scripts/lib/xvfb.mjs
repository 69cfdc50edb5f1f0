// A display for machines that have none.
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Stop } from './log.mjs';
import { artifacts } from './paths.mjs';
import { startOwned, which } from './run.mjs';

/** True when windows can be opened: always on macOS and Windows, else when X11 or Wayland is there. */
export const hasDisplay = () => process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

/**
 * Starts Xvfb on a display number that it picks itself.
 * @returns {Promise<{display: string, env: Record<string, string>, stop: () => Promise<void>}>}
 */
export async function startXvfb({ size = '1920x1200x24' } = {}) {
  const path = which('Xvfb');
  if (path === undefined) throw new Stop('there is no display, and Xvfb is not installed (Debian: apt-get install xvfb)', 2);
  mkdirSync(artifacts, { recursive: true });
  const log = openSync(join(artifacts, 'xvfb.log'), 'w');
  const child = startOwned(path, ['-displayfd', '3', '-screen', '0', size, '-nolisten', 'tcp', '-noreset'], { stdio: ['ignore', log, log, 'pipe'] });
  const number = await new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Stop('Xvfb was not ready within 30 s; see artifacts/xvfb.log')), 30_000);
    child.stdio[3].on('data', (chunk) => {
      text += chunk.toString('utf8');
      if (!text.includes('\n')) return;
      clearTimeout(timer);
      resolve(text.trim());
    });
    child.once('error', (error) => { clearTimeout(timer); reject(new Stop(`Xvfb cannot start: ${error.message}`)); });
    child.once('exit', (code) => { clearTimeout(timer); reject(new Stop(`Xvfb ended with exit code ${code}; see artifacts/xvfb.log`)); });
  });
  const display = `:${number}`;
  const env = { ...process.env, DISPLAY: display };
  delete env.WAYLAND_DISPLAY;
  return { display, env, stop: () => child.stop(5_000) };
}
