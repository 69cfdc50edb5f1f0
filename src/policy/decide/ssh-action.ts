/** The Cedar action that an SSH request is asked as. */
import type { SshAction, SshRequest } from '../types.ts';

/** `Request.action` of an SSH request; `decide` refuses one with another action. */
export function sshActionOf(ssh: SshRequest): SshAction {
  switch (ssh.kind) {
    case 'shell':
      return ssh.command === undefined ? 'ssh:shell' : 'ssh:exec';
    case 'exec':
      return 'ssh:exec';
    case 'sftp':
      return `ssh:sftp_${ssh.operation}`;
    case 'forward':
      return ssh.direction === 'local' ? 'ssh:forward' : 'ssh:remote_forward';
    case 'agent':
      return 'ssh:agent_forward';
  }
}
