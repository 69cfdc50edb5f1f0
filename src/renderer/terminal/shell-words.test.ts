import { describe, expect, it } from 'vitest';
import type { ShellForecast } from '../../contract/ipc/terminal.ts';
import { shellWords } from './shell-words.ts';

const forecast: ShellForecast = { effect: 'allow', reason: '', approvers: [], mode: 'gate', uncertain: 'observe' };

describe('what is said of a shell', () => {
  it('says which mode is a boundary and which is not', () => {
    expect(shellWords(forecast).sentence).toContain('no boundary');
    expect(shellWords({ ...forecast, mode: 'command' }).sentence).toContain('A boundary.');
    expect(shellWords({ ...forecast, mode: 'observe' }).sentence).toContain('Nothing is stopped');
  });
  it('says before the shell opens that it will not, or waits', () => {
    expect(shellWords({ ...forecast, effect: 'deny', reason: 'not at night' }).sentence).toContain('not at night');
    expect(shellWords({ ...forecast, effect: 'hold', reason: 'production', approvers: ['dba', 'sre'] }).sentence).toContain('dba or sre');
  });
});
