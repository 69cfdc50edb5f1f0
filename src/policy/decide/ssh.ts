/** Everything that policy must be asked about one SSH request. */
import { DeniedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { PathClassifier } from '../classify/paths.ts';
import type { CommandAnalysis, FileAccess } from '../shell/types.ts';
import { folded } from '../shell/paths.ts';
import type { ConnectionInfo, Request, SshAction, SshRequest } from '../types.ts';
import type { EntityJson } from './cedar.ts';
import { baseFacts, sshFactsOf } from './context.ts';
import type { Facts, FileFacts } from './context.ts';
import { endpointEntity, fileEntity, hostEntity } from './entities.ts';
import { sshActionOf } from './ssh-action.ts';

export interface AskedSsh {
  readonly action: SshAction;
  readonly resource: EntityJson;
  /** `ssh:file_read of /etc/hosts` */
  readonly what: string;
  readonly facts: Facts;
  /** The policy that would permit it, for what `Action::"ssh"` does not cover. */
  readonly permit?: string;
}

const NO_FILE: FileFacts = { exact: true, recursive: false, program: '' };

/**
 * The questions of a request: a command line is asked about as a whole, and about each file that it names.
 * @throws DeniedError for what is denied whatever policy says.
 */
export function sshQuestions(request: Request, ssh: SshRequest, paths: PathClassifier): readonly AskedSsh[] {
  const { connection } = request;
  if (connection.protocol !== 'ssh') throw new DeniedError(`${connection.name} is no SSH target`);
  const action = sshActionOf(ssh);
  if (request.action !== action) throw new DeniedError(`${request.action} is asked with a request for ${action}`);
  const base = baseFacts(request);
  const plain = sshFactsOf(base, undefined, false, NO_FILE);
  switch (ssh.kind) {
    case 'shell':
      if (ssh.command !== undefined) return commandQuestions(ssh.command, true, connection, base, paths);
      return [{ action, resource: hostEntity(connection), what: `${action} on ${connection.name}`, facts: plain }];
    case 'exec':
      return commandQuestions(ssh.command, false, connection, base, paths);
    case 'agent':
      return [{ action, resource: hostEntity(connection), what: `${action} to ${connection.name}`, facts: plain, permit: permitOf(request, action, `resource == Host::${quoted(connection.name)}`) }];
    case 'forward':
      return [forwardQuestion(request, ssh, action, plain)];
    case 'sftp':
      return [ssh.path, ...(ssh.newPath === undefined ? [] : [ssh.newPath])].map((absolute) => {
        if (!absolute.startsWith('/') || absolute.includes('\0') || absolute.split('/').includes('..')) throw new DeniedError('the path of a file request is not resolved');
        const path = folded(absolute, ssh.home);
        const classes = [...new Set([...paths.classesOf(path), ...paths.classesOf(absolute)])];
        return { action, resource: fileEntity(connection, path, classes), what: `${action} of ${path}`, facts: plain };
      });
  }
}

/** Characters of an address; names of hosts have at most 253. */
const ADDRESS_CHARS = 255;

function forwardQuestion(request: Request, { host, port, direction }: SshRequest & { readonly kind: 'forward' }, action: SshAction, facts: Facts): AskedSsh {
  const { connection } = request;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new DeniedError(`${port} is no port`);
  const resource = endpointEntity(connection, host, port);
  if (direction === 'local') return { action, resource, what: `${action} to ${host}:${port}`, facts };
  // What the target is asked for has to be what was decided.
  if (host.length > ADDRESS_CHARS || !PRINTABLE.test(host)) throw new DeniedError('the address of a remote forward is not understood');
  const permit = permitOf(request, action, 'resource is Endpoint', `resource.host == ${quoted(host)} && resource.port == ${port}`);
  return { action, resource, what: `${action} of ${host === '' ? '*' : host}:${port}`, facts, permit };
}

const PRINTABLE = /^[\x21-\x7e]*$/;
const quoted = (text: string): string => JSON.stringify(text);

/** Cedar, for the person who may write policies. */
const permitOf = ({ principal }: Request, action: SshAction, resource: string, condition?: string): string =>
  `permit(principal == ${principal.kind}::${quoted(principal.subject)}, action == Action::${quoted(action)}, ${resource})${condition === undefined ? '' : ` when { ${condition} }`};`;

const FILE_ACTION = { read: 'ssh:file_read', write: 'ssh:file_write', delete: 'ssh:file_delete' } as const;

function commandQuestions(command: CommandAnalysis, isTyped: boolean, connection: ConnectionInfo, base: Facts, paths: PathClassifier): readonly AskedSsh[] {
  if (command.refusal !== undefined) throw new DeniedError(command.refusal.message);
  if (command.files.length >= limits.operationsPerStatement) throw new DeniedError(`the command line names ${command.files.length} files; at most ${limits.operationsPerStatement} are decided`);
  const whole: AskedSsh = { action: 'ssh:exec', resource: hostEntity(connection), what: `ssh:exec on ${connection.name}`, facts: sshFactsOf(base, command, isTyped, NO_FILE) };
  return [whole, ...command.files.flatMap((file) => fileQuestions(file, command, isTyped, connection, base, paths))];
}

/**
 * A path that is exactly known is asked about with its own classes. Where it is not, or what is below it is meant, it is asked about once more
 * with the classes that it may reach.
 */
function fileQuestions(file: FileAccess, command: CommandAnalysis, isTyped: boolean, connection: ConnectionInfo, base: Facts, paths: PathClassifier): AskedSsh[] {
  const { recursive, by, path } = file;
  const isKnown = !file.pattern && !path.startsWith('?');
  const own = isKnown ? paths.classesOf(path) : [];
  const reach = isKnown && !recursive ? [] : paths.mayClassesOf(path, file).filter((id) => !own.includes(id));
  const action = FILE_ACTION[file.access];
  const question = (classes: readonly string[], exact: boolean): AskedSsh => ({
    action,
    resource: fileEntity(connection, path, classes),
    what: `${action} of ${path} by ${by}`,
    facts: sshFactsOf(base, command, isTyped, { exact, recursive, program: by }),
  });
  return [...(isKnown ? [question(own, true)] : []), ...(!isKnown || reach.length > 0 ? [question(reach, false)] : [])];
}
