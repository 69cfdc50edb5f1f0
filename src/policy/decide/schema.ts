/**
 * The product's Cedar schema: what a policy may speak of. Policies are validated against it strictly when a bundle
 * is loaded; requests are then asked without it, because our own code builds them (formats.md section 4.3).
 */

import type { SshAction } from '../types.ts';

/** Kinds of database objects; every one carries the same two attributes so that one policy can cover them all. */
export const OBJECT_TYPES = ['Database', 'Schema', 'Table', 'Function', 'Role', 'Setting', 'Object'] as const;
export type ObjectType = (typeof OBJECT_TYPES)[number];

/** SQL actions and the groups they are in. `Action::"sql"` is all of them. */
export const SQL_ACTION_GROUPS = {
  'sql:select': ['sql:read'],
  'sql:insert': ['sql:write'],
  'sql:update': ['sql:write'],
  'sql:delete': ['sql:write'],
  'sql:merge': ['sql:write'],
  'sql:truncate': [],
  'sql:ddl': [],
  'sql:drop': [],
  'sql:grant': [],
  'sql:role': [],
  'sql:call': [],
  'sql:opaque': [],
  'sql:copy_file': [],
  'sql:copy_program': [],
  'sql:set': [],
  'sql:admin': [],
  'sql:predicate': [],
  'sql:session': [],
  'sql:notify': [],
  'sql:lock': [],
} as const satisfies Record<string, readonly ('sql:read' | 'sql:write')[]>;

/** Actions on SSH targets and the groups they are in. Those in no group are permitted only by name. */
export const SSH_ACTION_GROUPS = {
  'ssh:shell': ['ssh'],
  'ssh:exec': ['ssh'],
  'ssh:sftp_list': ['ssh', 'ssh:files'],
  'ssh:sftp_read': ['ssh', 'ssh:files', 'ssh:read'],
  'ssh:sftp_write': ['ssh', 'ssh:files', 'ssh:write'],
  'ssh:sftp_delete': ['ssh', 'ssh:files', 'ssh:delete'],
  'ssh:sftp_rename': ['ssh', 'ssh:files', 'ssh:write'],
  'ssh:file_read': ['ssh', 'ssh:files', 'ssh:read'],
  'ssh:file_write': ['ssh', 'ssh:files', 'ssh:write'],
  'ssh:file_delete': ['ssh', 'ssh:files', 'ssh:delete'],
  'ssh:forward': ['ssh'],
  'ssh:remote_forward': [],
  'ssh:agent_forward': [],
} as const satisfies Record<SshAction, readonly string[]>;

const SSH_RESOURCES: Partial<Record<SshAction, string>> = { 'ssh:forward': 'Endpoint', 'ssh:remote_forward': 'Endpoint', 'ssh:shell': 'Host', 'ssh:exec': 'Host', 'ssh:agent_forward': 'Host' };

const common = `
    // True only when the approvals that a hold asked for are in hand and verified.
    approved: Bool,
    // How the request came in: "app" (the desktop app), "native" (psql, a driver), "agent" (MCP or gateway job).
    client: String,
    // Id of the enrolled device, "" where there is none.
    device: String,
    // Moment of the request, UTC.
    time: datetime,
    // Protocol of the connection: "postgres", "mysql", "ssh", "kube", "http".
    protocol: String,
    // Database that the connection opens.
    database: String,
    // "verify", or "disable" when the target registry turns upstream certificate checks off.
    tls: String,`;

const sqlAction = (name: string, groups: readonly string[]): string => {
  const parents = ['sql', ...groups].map((g) => `Action::"${g}"`).join(', ');
  const resources = name === 'sql:predicate' ? 'DataClass' : OBJECT_TYPES.join(', ');
  return `action "${name}" in [${parents}] appliesTo { principal: [User, Agent], resource: [${resources}], context: SqlContext };`;
};

const sshAction = ([name, groups]: [string, readonly string[]]): string => {
  const parents = groups.length === 0 ? '' : ` in [${groups.map((g) => `Action::"${g}"`).join(', ')}]`;
  return `action "${name}"${parents} appliesTo { principal: [User, Agent], resource: [${SSH_RESOURCES[name as SshAction] ?? 'File'}], context: SshContext };`;
};

/** Text of the schema. `bundle check` and the documentation print it. */
export const CEDAR_SCHEMA = `
// A group of the identity token.
entity Group;
// A person. The id is the token's subject.
entity User in [Group] { issuer: String, name: String };
// A program with an identity of its own: an AI agent or a CI job.
entity Agent in [Group] { issuer: String, name: String };

// A label of the connection: Label::"env=prod". Everything below a connection is in its labels too.
entity Label;
// A target, by its name: Connection::"shop".
entity Connection in [Label] { name: String };
entity Database in [Connection, Label] { schema: String, name: String };
entity Schema in [Database, Connection, Label] { schema: String, name: String };
// Tables, views and sequences: Table::"shop/public.orders". schema is "" when it could not be resolved,
// "pg_temp" for temporary objects.
entity Table in [Schema, Database, Connection, Label] { schema: String, name: String };
entity Function in [Schema, Database, Connection, Label] { schema: String, name: String };
entity Role in [Connection, Label] { schema: String, name: String };
// A server or session setting: Setting::"shop/search_path".
entity Setting in [Connection, Label] { schema: String, name: String };
// Any other object, and operations on no object (name is "").
entity Object in [Schema, Database, Connection, Label] { schema: String, name: String };
// A class of classification.yaml as it appears on one connection: DataClass::"email".
entity DataClass in [Connection, Label] { name: String };

// A target reached by SSH, by the name of its connection: Host::"web1".
entity Host in [Connection, Label] { name: String };
// A file on it: File::"web1:/etc/hosts". path is absolute; "~" or "~/x" in the home directory where that is not known by name,
// and "?/x" where the directory is not known. Where it is only known in part, "*" and "**" stand for the rest (context.exact is false).
// A file is in the data classes whose paths it matches, or may match.
entity File in [DataClass, Host, Connection, Label] { path: String, name: String };
// An address as seen from the target: Endpoint::"web1:10.0.0.5:5432". port is 0 for a socket in the file system, whose path is host.
// For remote_forward where it listens, as the client wrote it: host "" is every address, port 0 any free one.
entity Endpoint in [Host, Connection, Label] { host: String, port: Long };

type SqlContext = {${common}
    // What this operation is called: "DROP TABLE", "function pg_read_file", "CREATE TEMP TABLE".
    label: String,
    // Verb of the whole statement, upper case: "SELECT", "EXPLAIN", "DROP TABLE".
    statement: String,
    // Every table that the statement reads or writes, schema.table.
    tables: Set<String>,
    // Every function that it calls, schema.function or the bare name.
    functions: Set<String>,
    // Ids of the data classes whose columns it reads, in whatever role.
    classes: Set<String>,
    // Every UPDATE and DELETE in it has a WHERE.
    hasWhere: Bool,
    // A WHERE of an UPDATE or DELETE in it is always true.
    tautology: Bool,
    // It writes data or schema anywhere.
    writes: Bool,
    // It only reads.
    plainRead: Bool,
    // It reads or writes files of the server.
    fileAccess: Bool,
    // It runs programs on the server.
    programAccess: Bool,
    // Target of SET or RESET in lower case, "" otherwise.
    setting: String,
    // sql:predicate only: "equality" or "other"; "" otherwise.
    predicate: String,
    // Rows that the server's planner expects the statement to write or to return, whichever is more. Absent for what
    // is not planned (DDL, TRUNCATE, COPY, SET ...). The planner is asked only where a policy reads this.
    estimatedRows?: Long,
};
type SshContext = {${common}
    // Names of all programs that the command line runs, without their directories: in pipes, branches, substitutions, functions, and by
    // way of other programs (sudo, xargs, find -exec, sh -c). Empty for what is not a command line.
    programs: Set<String>,
    // Each of these programs, with each of its options and subcommands apart: "rm", "rm -r", "git push", "git push --force".
    forms: Set<String>,
    // What the command line touches:
    //   delete, delete-recursive   files; overwrite: the content of files
    //   disk          partitions, file systems, raw devices         power        shutdown, reboot
    //   service       starting and stopping services                process      signals to processes, tracing them
    //   users         accounts, passwords, sudoers, authorized_keys permissions  modes, owners, capabilities
    //   packages      installing and removing software              containers   docker, kubectl but for looking
    //   network-config  firewall, addresses, routes                 kernel       modules, sysctl, /proc, /sys, the clock
    //   mount         mounting                                      schedule     cron, at, systemd units and timers
    //   history       shell histories and logs, and switching them off
    //   download-run  what was fetched is run                       reverse-shell  a shell tied to a connection
    //   privilege     sudo, su, chroot, nsenter and the like        environment  variables and files that change what programs do
    //   remote        other machines                                network      connections to elsewhere
    //   database      a database client                             interactive  an editor, a pager, a shell: keys decide
    //   changes       anything else that changes something          unknown-program  a program that this product does not know
    touches: Set<String>,
    // A part of it cannot be known from the text.
    opaque: Bool,
    // Why: parse, dynamic-command, dynamic-argument, eval, source, stdin-code, code, script, unknown-option, shadowed, environment, limit.
    opaqueReasons: Set<String>,
    // Nothing in it is opaque, touches anything but the network, or writes a file.
    readOnly: Bool,
    // It was typed into an interactive shell; false for exec requests.
    typed: Bool,
    // ssh:file_* and sftp: the path is exactly this one. False where it is a pattern, its directory is not known, or its class is that of files below it.
    exact: Bool,
    // ssh:file_*: what is below the path is meant, too.
    recursive: Bool,
    // ssh:file_*: the program that uses the file, "shell" for a redirection. "" otherwise.
    program: String,
};
type BaseContext = {${common}
};
type ApproveContext = {${common}
    // Subject of the person who asks; nobody approves their own request, whatever policy says.
    requester: String,
    // Groups of the person who asks.
    requesterGroups: Set<String>,
    // "User" or "Agent".
    requesterKind: String,
    // Ids of the policies that hold the request.
    policies: Set<String>,
    // Verb of the held statement.
    statement: String,
};

action "sql";
action "sql:read" in [Action::"sql"];
action "sql:write" in [Action::"sql"];
${Object.entries(SQL_ACTION_GROUPS).map(([name, groups]) => sqlAction(name, groups)).join('\n')}
action "ssh";
action "ssh:files";
action "ssh:read" in [Action::"ssh"];
action "ssh:write" in [Action::"ssh"];
action "ssh:delete" in [Action::"ssh"];
// shell: open a shell. exec: run a command line. sftp_*: requests of the sftp subsystem. file_*: the files that a command line names.
// forward: one connection to an address behind the target. remote_forward: a listener on the target. agent_forward: the agent of the client.
${Object.entries(SSH_ACTION_GROUPS).map(sshAction).join('\n')}
// Open a session.
action "connect" appliesTo { principal: [User, Agent], resource: [Connection], context: BaseContext };
// See values of the class in clear. A policy that lets an Agent do so must name Agent.
action "unmask" appliesTo { principal: [User, Agent], resource: [DataClass], context: BaseContext };
// Approve somebody else's held request.
action "approve" appliesTo { principal: [User, Agent], resource: [Connection], context: ApproveContext };
// Replay a recording against the connection, export a recording of it.
action "replay", "export" appliesTo { principal: [User, Agent], resource: [Connection], context: BaseContext };
`;

/** Every fact that the schema above declares. */
export const FACTS = [
  'approved', 'client', 'device', 'time', 'protocol', 'database', 'tls',
  'label', 'statement', 'tables', 'functions', 'classes', 'hasWhere', 'tautology', 'writes', 'plainRead', 'fileAccess',
  'programAccess', 'setting', 'predicate', 'estimatedRows',
  'programs', 'forms', 'touches', 'opaque', 'opaqueReasons', 'readOnly', 'typed', 'exact', 'recursive', 'program',
  'requester', 'requesterGroups', 'requesterKind', 'policies',
] as const;
