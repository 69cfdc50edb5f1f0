import { describe, expect, it } from 'vitest';
import { freePort } from './free-port.ts';
import { runProcess, startProcess } from './process.ts';

const node = process.execPath;

describe('runProcess', () => {
  it('returns the exit code and both streams, and passes stdin', async () => {
    const script = `process.stdin.pipe(process.stdout); process.stderr.write('e'); process.exitCode = 3;`;
    expect(await runProcess(node, ['-e', script], { input: 'hello' })).toEqual({ code: 3, signal: null, stdout: 'hello', stderr: 'e' });
  });

  it('rejects when the command does not exist', async () => {
    await expect(runProcess('/nonexistent/command', [])).rejects.toThrow('cannot start');
  });

  it('kills a command that exceeds its time', async () => {
    await expect(runProcess(node, ['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 200 })).rejects.toThrow('did not end within 200 ms');
  });
});

describe('startProcess', () => {
  it('waits for a line that arrives in pieces', async () => {
    const script = `process.stdout.write('noise\\nre'); setTimeout(() => process.stdout.write('ady 7\\n'), 20); setInterval(() => {}, 1000);`;
    const server = startProcess(node, ['-e', script]);
    const number = await server.waitForLine((line) => /^ready (\d+)$/.exec(line)?.[1]);
    expect(number).toBe('7');
    expect((await server.stop()).signal).toBe('SIGTERM');
  });

  it('says what the process printed when it ends too early', async () => {
    const server = startProcess(node, ['-e', `console.error('no disk'); process.exit(4);`]);
    await expect(server.waitForLine((line) => (line === 'ready' ? true : undefined))).rejects.toThrow(/ended before[^]*no disk/);
    expect((await server.ended()).code).toBe(4);
  });

  it('reports a command that cannot start', async () => {
    const server = startProcess('/nonexistent/command', []);
    await expect(server.waitForLine(() => undefined)).rejects.toThrow('cannot start');
  });
});

describe('freePort', () => {
  it('gives ports of the valid range', async () => {
    const port = await freePort();
    expect(port).toBeGreaterThan(1023);
    expect(port).toBeLessThan(65536);
  });
});
