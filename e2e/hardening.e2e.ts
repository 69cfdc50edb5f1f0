/** Each hardening of design.md section 12, asserted in the running app. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { runProcess } from '../src/testing/process.ts';
import { electronArgs, electronEnv, expect, inMain, root, test } from './fixtures.ts';

/** In the page: everything that a content security policy stops, tried. Text, since these rooms are typed without a DOM. */
const TRY_CSP = `(async () => {
  const violations = [];
  document.addEventListener('securitypolicyviolation', (e) => violations.push(e.effectiveDirective));
  const script = document.createElement('script');
  script.textContent = 'window.inlineRan = true';
  document.head.append(script);
  // On a task of its own: what the debugger evaluates directly is exempt from the policy.
  const evaluated = await new Promise((resolve) => setTimeout(() => {
    try { resolve(String((0, eval)('1 + 1'))); } catch (error) { resolve(error.name); }
  }, 0));
  const attempt = (work) => work.then(() => 'loaded', () => 'blocked');
  const load = (tag, src) => new Promise((resolve) => {
    const e = document.createElement(tag);
    e.onload = () => resolve('loaded');
    e.onerror = () => resolve('blocked');
    e.src = src;
    document.body.append(e);
  });
  const loads = {
    fetchRemote: await attempt(fetch('http://127.0.0.1:9/')),
    fetchFile: await attempt(fetch('file:///etc/hostname')),
    fetchSelf: await attempt(fetch('app://sallyport/index.html')),
    imageRemote: await load('img', 'http://127.0.0.1:9/x.png'),
    imageData: await load('img', 'data:image/gif;base64,R0lGODlhAQABAAAAACw='),
    scriptRemote: await load('script', 'http://127.0.0.1:9/x.js'),
    scriptData: await load('script', 'data:text/javascript,window.dataRan=true'),
    worker: await new Promise((resolve) => {
      try { new Worker(URL.createObjectURL(new Blob(['1']))).onerror = () => resolve('blocked'); } catch { resolve('blocked'); }
    }),
  };
  return { loads, evaluated, inline: 'inlineRan' in window, data: 'dataRan' in window, violations: [...new Set(violations)] };
})()`;
const cspOutcome = z.object({ loads: z.record(z.string(), z.string()), evaluated: z.string(), inline: z.boolean(), data: z.boolean(), violations: z.array(z.string()) });

const TRY_PERMISSIONS = `(async () => {
  const names = ['geolocation', 'notifications', 'camera', 'microphone', 'clipboard-read'];
  const states = await Promise.all(names.map(async (name) => (await navigator.permissions.query({ name })).state));
  const tried = (work) => Promise.resolve().then(work).then(() => 'granted', () => 'denied');
  return [
    ...states,
    await tried(() => navigator.clipboard.readText()),
    await tried(() => navigator.mediaDevices.getUserMedia({ video: true })),
    await tried(() => navigator.mediaDevices.getDisplayMedia()),
    await tried(() => new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject))),
    await Notification.requestPermission(),
  ];
})()`;

test('the renderer has no Node, no Electron, and only the contract', async ({ idle }) => {
  const globals = await idle.page.evaluate(`['require', 'process', 'module', 'Buffer', 'global', '__dirname', 'electron', 'ipcRenderer'].filter((name) => name in globalThis)`);
  expect(globals).toEqual([]);
  const slices = await idle.page.evaluate(`Object.keys(window.sallyport).sort()`);
  expect(slices).toEqual(['app', 'approvals', 'auth', 'connections', 'policy', 'sessions', 'settings', 'terminal', 'workbench']);
});

test('the window is sandboxed and isolated', async ({ idle }) => {
  const preferences = await inMain(idle, ({ BrowserWindow }) => {
    // Known to Electron, left out of its types.
    const contents = BrowserWindow.getAllWindows()[0]!.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
    return contents.getLastWebPreferences();
  });
  expect(preferences).toMatchObject({ sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true });
  expect(preferences['webviewTag'] ?? false).toBe(false);
  const inspected = await inMain(idle, ({ BrowserWindow }) => {
    const { webContents } = BrowserWindow.getAllWindows()[0]!;
    webContents.openDevTools();
    return webContents.isDevToolsOpened();
  });
  expect(inspected).toBe(false);
});

test('the content security policy stops inline, eval and remote', async ({ idle }) => {
  const { page } = idle;
  const outcome = cspOutcome.parse(await page.evaluate(TRY_CSP));
  const { violations, evaluated, inline, data, loads } = outcome;
  expect(inline || data).toBe(false);
  expect(evaluated).toBe('EvalError');
  expect(new Set(Object.values(loads))).toEqual(new Set(['blocked']));
  expect(violations).toEqual(expect.arrayContaining(['script-src-elem', 'connect-src', 'img-src', 'script-src']));
});

test('no navigation, no second window, no webview', async ({ idle }) => {
  const { page } = idle;
  expect(await page.evaluate(`window.open('https://example.com/') === null`)).toBe(true);
  expect(await page.evaluate(`window.open('app://sallyport/index.html') === null`)).toBe(true);
  await page.evaluate(`void (location.href = 'https://example.com/')`);
  await page.evaluate(`void (location.href = 'file:///etc/hostname')`);
  await expect.poll(() => page.evaluate(`location.href`)).toMatch(/^app:\/\/sallyport\/index\.html/);
  await page.evaluate(`document.body.append(Object.assign(document.createElement('webview'), { src: 'https://example.com/' }))`);
  expect(await inMain(idle, ({ BrowserWindow, webContents }) => [BrowserWindow.getAllWindows().length, webContents.getAllWebContents().length])).toEqual([1, 1]);
});

test('no permissions and no downloads', async ({ idle }) => {
  const { page } = idle;
  const denied = z.array(z.string()).parse(await page.evaluate(TRY_PERMISSIONS));
  expect(new Set(denied)).toEqual(new Set(['denied']));
  const prevented = await inMain(idle, 
    ({ session, BrowserWindow }) =>
      new Promise<boolean>((resolve) => {
        session.defaultSession.once('will-download', (event) => resolve(event.defaultPrevented));
        BrowserWindow.getAllWindows()[0]!.webContents.downloadURL('app://sallyport/index.html');
      }),
  );
  expect(prevented).toBe(true);
});

test('app:// serves the built window and nothing else', async ({ idle }) => {
  const statuses = await inMain(idle, async ({ net }) => {
    const urls = ['index.html', '../main/main.mjs', '%2e%2e/main/main.mjs', '..%2fmain/main.mjs', '%5c..%5cmain', 'index.html%00.js', '/etc/hostname', '.vite/x.js', 'missing.js', 'main.map'];
    return Promise.all(urls.map(async (u) => (await net.fetch(`app://sallyport/${u}`)).status));
  });
  expect(statuses).toEqual([200, 404, 404, 404, 404, 404, 404, 404, 404, 404]);
  const headers = await inMain(idle, async ({ net }) => {
    const csp = async (): Promise<string | null> => (await net.fetch('app://sallyport/index.html')).headers.get('content-security-policy');
    return [await csp(), await csp()];
  });
  expect(headers[0]).toContain("default-src 'none'");
  expect(headers[0]).not.toMatch(/unsafe|\*|https?:/);
  expect(headers[0]).not.toBe(headers[1]);
});

test('IPC answers the one window that main opened, and nobody else', async ({ idle }) => {
  const { page } = idle;
  const refused = await inMain(idle, async ({ BrowserWindow, app: electron }) => {
    const answers: unknown[] = [];
    for (const url of ['app://sallyport/index.html', 'about:blank']) {
      const window = new BrowserWindow({ show: false, webPreferences: { preload: `${electron.getAppPath()}/dist/main/preload.cjs`, sandbox: true, contextIsolation: true } });
      await window.loadURL(url);
      answers.push(await window.webContents.executeJavaScript('window.sallyport.settings.get()'));
      window.destroy();
    }
    return answers;
  });
  for (const answer of refused) expect(answer).toMatchObject({ ok: false, error: { code: 'sender' } });
  // A frame inside the page gets no preload, and so nothing to call.
  const inFrame = `(() => {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const has = frame.contentWindow !== null && 'sallyport' in frame.contentWindow;
    frame.remove();
    return has;
  })()`;
  expect(await page.evaluate(inFrame)).toBe(false);
  expect(await page.evaluate(`window.sallyport.settings.set({ version: 1, theme: 'dark', extra: '../../etc' })`)).toMatchObject({ ok: false, error: { code: 'request' } });
  expect(await page.evaluate(`window.sallyport.settings.get()`)).toMatchObject({ ok: true });
});

test('packages carry the fuses', () => {
  const builder = parse(readFileSync(path.join(root, 'electron-builder.yml'), 'utf8')) as { asar: boolean; electronFuses: Record<string, boolean> };
  expect(builder.asar).toBe(true);
  expect(builder.electronFuses).toEqual({
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    enableCookieEncryption: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  });
});

test('one instance per data directory', async ({ idle, stack }) => {
  expect(idle.app.process().exitCode).toBeNull();
  const second = await runProcess(stack.electron, electronArgs(stack.appConfig('idle', undefined)), { env: electronEnv(), timeoutMs: 30_000 });
  expect(second.code).toBe(0);
  expect(second.stderr).toContain('already running');
});

test('a configuration with an unknown field stops the start with one clear message', async ({ stack }) => {
  const file = path.join(stack.base, 'bad.json');
  writeFileSync(file, JSON.stringify({ storeUrl: stack.storeUrl, bundle: 'x', stroeUrl: 'typo' }));
  const result = await runProcess(stack.electron, electronArgs(file), { env: electronEnv(), timeoutMs: 30_000 });
  expect(result.code).toBe(2);
  expect(result.stderr).toContain('stroeUrl');
});

test('damaged settings stop the settings, and are never replaced', async ({ launch, stack }) => {
  stack.appConfig('damaged', 'alice@example.com');
  const settings = path.join(stack.base, 'app-damaged', 'settings.json');
  mkdirSync(path.dirname(settings), { recursive: true });
  writeFileSync(settings, '{"version":1,"theme":"dark"');
  const station = await launch('damaged', 'alice@example.com');
  await expect(station.page.getByText('The settings could not be read')).toBeVisible();
  expect(readFileSync(settings, 'utf8')).toBe('{"version":1,"theme":"dark"');
});
