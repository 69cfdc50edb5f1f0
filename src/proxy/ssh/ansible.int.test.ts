/** Ansible against an endpoint of Sallyport. SALLYPORT_SSH_ANSIBLE=1 runs it where ansible is installed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordsOf } from '../../testing/recordings.ts';
import { startSshd } from '../../testing/sshd.ts';
import { maskingBundle, SshWorld } from '../../testing/ssh-gateway.ts';

const PLAY = (dir: string): string => `
- hosts: web1
  gather_facts: false
  tasks:
    - copy: { src: ${dir}/binary, dest: ${dir}/copied }
    - template: { src: ${dir}/page.j2, dest: ${dir}/page }
    - shell: cat ${dir}/page; exit 0
      register: shown
    - debug: { var: shown.stdout }
    - fetch: { src: ${dir}/copied, dest: ${dir}/fetched, flat: true }
    - shell: forbidden
      ignore_errors: true
      register: denied
    - debug: { var: denied.rc }
`;

describe.runIf(process.env['SALLYPORT_SSH_ANSIBLE'] === '1')('ansible', () => {
  it.each(['scp', 'sftp', 'piped'])('ping, copy, template, shell and fetch, with files by %s', async (transfer) => {
    const sshd = await startSshd();
    const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-ansible-'));
    const world = await SshWorld.start(sshd, [{ name: 'web1' }], { bundle: maskingBundle() });
    try {
      const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 256));
      writeFileSync(path.join(dir, 'binary'), bytes);
      writeFileSync(path.join(dir, 'page.j2'), 'hello {{ inventory_hostname }}, canary.ansible@leak-test.example\n');
      writeFileSync(path.join(dir, 'hosts'), 'web1\n');
      writeFileSync(path.join(dir, 'play.yaml'), PLAY(dir));
      const config = world.listener('web1').ssh_config;
      const env = { PATH: process.env['PATH'], HOME: dir, LC_ALL: 'C.UTF-8', ANSIBLE_SSH_ARGS: `-F ${config} -o ControlMaster=auto -o ControlPersist=5`, ANSIBLE_SSH_TRANSFER_METHOD: transfer, ANSIBLE_PIPELINING: transfer === 'piped' ? '1' : '0', ANSIBLE_NOCOLOR: '1', ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3' };
      const ping = await world.run('ansible', ['-i', `${dir}/hosts`, 'web1', '-m', 'ping'], { env, timeoutMs: 90_000 });
      expect(ping.stdout, ping.stderr).toContain('"ping": "pong"');
      const play = await world.run('ansible-playbook', ['-i', `${dir}/hosts`, `${dir}/play.yaml`], { env, timeoutMs: 180_000 });
      expect(play.stdout + play.stderr).toMatch(/failed=0/);
      expect(readFileSync(`${dir}/copied`).equals(bytes)).toBe(true);
      expect(readFileSync(`${dir}/fetched`).equals(bytes)).toBe(true);
      expect(readFileSync(`${dir}/page`, 'utf8')).toBe('hello web1, canary.ansible@leak-test.example\n');
      expect(play.stdout).toContain('hello web1, msk_email_');
      expect(play.stdout).not.toContain('canary.ansible');
      const opened = world.events('session.opened').at(-1);
      expect((await recordsOf(String(opened?.['recording']))).some((r) => r.kind === 'ssh.exec')).toBe(true);
    } finally {
      await world.stop();
      await sshd.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  }, 300_000);
});
