/**
 * The words that policy speaks: what is asked (Request), what is answered (Outcome), what is known about a
 * statement (StatementAnalysis) and how its result is masked (MaskPlan). design.md sections 5 and 7.
 */
import type { BundleDigest } from '../base/ids.ts';
import type { CommandAnalysis } from './shell/types.ts';

/** Who asks. Groups come from the identity token, never from the client. */
export interface Principal {
  readonly kind: 'User' | 'Agent';
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly groups: readonly string[];
}

export type Protocol = 'postgres' | 'mysql' | 'ssh' | 'kube' | 'http';

/** The target as policy sees it: Cedar entity `Connection::"<name>"`. */
export interface ConnectionInfo {
  readonly name: string;
  readonly protocol: Protocol;
  readonly labels: Readonly<Record<string, string>>;
  readonly database: string;
  /** 'verify' unless the target registry says otherwise; policy sees it. */
  readonly tls: 'verify' | 'disable';
}

export type SqlAction =
  | 'sql:select'
  | 'sql:insert'
  | 'sql:update'
  | 'sql:delete'
  | 'sql:merge'
  | 'sql:truncate'
  | 'sql:ddl'
  | 'sql:drop'
  | 'sql:grant'
  | 'sql:role'
  | 'sql:call'
  | 'sql:opaque'
  | 'sql:copy_file'
  | 'sql:copy_program'
  | 'sql:set'
  | 'sql:admin'
  | 'sql:predicate'
  | 'sql:session'
  | 'sql:notify'
  | 'sql:lock';

/** What is asked of an SSH target. `ssh:file_*` are the files that a command line names; the others are the protocol's own requests. */
export type SshAction =
  | 'ssh:shell'
  | 'ssh:exec'
  | 'ssh:sftp_list'
  | 'ssh:sftp_read'
  | 'ssh:sftp_write'
  | 'ssh:sftp_delete'
  | 'ssh:sftp_rename'
  | 'ssh:file_read'
  | 'ssh:file_write'
  | 'ssh:file_delete'
  | 'ssh:forward'
  | 'ssh:remote_forward'
  | 'ssh:agent_forward';

export type Action = SqlAction | SshAction | 'connect' | 'unmask' | 'approve' | 'replay' | 'export';

/** The object of one operation, name-resolved where a catalog was at hand. */
export interface SqlObject {
  readonly kind: 'table' | 'function' | 'schema' | 'database' | 'role' | 'setting' | 'object' | 'none';
  readonly schema?: string;
  readonly name?: string;
}

/** One thing that a statement does to one object. A statement is a set of these. */
export interface SqlOperation {
  readonly action: SqlAction;
  readonly object: SqlObject;
  /** What the operation is called in messages: `DROP TABLE`, `function pg_read_file`. */
  readonly label: string;
}

/** Facts of one statement, projected into Cedar's `context`. Each has one meaning, documented in the Cedar schema. */
export interface SqlFacts {
  /** Verb of the statement: `SELECT`, `UPDATE`, `DROP TABLE`, ... upper case. */
  readonly statement: string;
  readonly operations: readonly SqlOperation[];
  /** schema.table, every table read or written. */
  readonly tables: readonly string[];
  /** schema.function or bare name, every function called. */
  readonly functions: readonly string[];
  /** UPDATE and DELETE anywhere in the statement all have a WHERE. */
  readonly hasWhere: boolean;
  /** A WHERE of an UPDATE or DELETE is constant or always true. */
  readonly tautology: boolean;
  /** Writes data or schema anywhere, EXPLAIN ANALYZE and data-modifying CTEs included. */
  readonly writes: boolean;
  /** Plain read in the sense of promise 1: nothing but reads, no volatile function known to have side effects. */
  readonly plainRead: boolean;
  readonly fileAccess: boolean;
  readonly programAccess: boolean;
  /** SET or RESET target, when the statement is one. */
  readonly setting?: string;
  /** Rows that the planner expects it to write or to return, whichever is more; absent where no planner was asked. */
  readonly estimatedRows?: number;
}

export interface ColumnRef {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** Part of a statement's own text (`StatementAnalysis.sql`), in UTF-16 code units as JavaScript counts them. */
export interface TextPlace {
  readonly start: number;
  readonly end: number;
}

/** One output column of a statement and where its values come from. */
export interface OutputColumn {
  readonly name: string;
  /** Every table column that the value is derived from. Empty: derived from none (a constant, count). */
  readonly sources: readonly ColumnRef[];
  /** The value is the source column's value unchanged. */
  readonly exact: boolean;
  /** The target (or the star) that it comes from, in statements that read a classified column. */
  readonly at?: TextPlace;
}

/**
 * What the proxy needs to know of one statement before deciding. Made by `analyseSql` (facts + lineage).
 * `refusal` is set when the statement must be denied whatever policy says (promise 2).
 */
export interface StatementAnalysis {
  /** This statement's own text, trimmed of separators. */
  readonly sql: string;
  readonly facts: SqlFacts;
  /**
   * 'none' when the statement returns no rows; 'untracked' when lineage made no claim about rows
   * (SHOW, EXPLAIN, FETCH of an unknown cursor): then every cell goes through detectors, and the statement has already been refused if a
   * classified table could reach it.
   */
  readonly output: readonly OutputColumn[] | 'none' | 'untracked';
  /** Classified columns that the statement reads anywhere, in whatever role. */
  readonly reads: readonly ColumnRef[];
  /** A classified column is used in WHERE, JOIN, ORDER BY, GROUP BY, HAVING ...: who filters on what, and how. */
  readonly predicates: readonly { readonly column: ColumnRef; readonly kind: 'equality' | 'other'; readonly at?: TextPlace }[];
  readonly refusal?: { readonly code: 'parse' | 'unresolved' | 'opaque' | 'mask_token' | 'limit'; readonly message: string; readonly at?: TextPlace };
  /** Code runs with the statement that it does not name (a trigger, a default) and that cannot be followed: its messages may hold anything. */
  readonly hiddenCode?: true;
  /** What the statement does to the session that later statements depend on. */
  readonly effects: {
    readonly transaction?: 'begin' | 'commit' | 'rollback' | 'savepoint';
    /** May change search_path or another setting that changes how names or text are read. */
    readonly settings: boolean;
    /** Creates, drops or alters objects: the catalog snapshot is stale afterwards. */
    readonly catalog: boolean;
    /** PREPARE name AS ... / EXECUTE name / DEALLOCATE name. */
    readonly prepare?: { readonly name: string; readonly body: StatementAnalysis };
    readonly execute?: string;
    readonly deallocate?: string;
    /** DECLARE name CURSOR ... / FETCH|MOVE name / CLOSE name. */
    readonly declare?: { readonly name: string; readonly body: StatementAnalysis };
    readonly fetch?: string;
    /** CLOSE name; '' for all. */
    readonly close?: string;
    readonly copyOut: boolean;
    readonly copyIn: boolean;
  };
}

export type MaskKind = 'token' | 'partial' | 'full' | 'null';

export interface ClassRule {
  readonly classId: string;
  readonly kind: MaskKind;
  /** Shown to people: `email on public.customers.email`. */
  readonly rule: string;
}

/**
 * How to mask one statement's result. Made once per statement.
 * `columns` is by output position; 'detect' means only the detectors look at it.
 */
export interface MaskPlan {
  readonly columns: readonly (ClassRule | 'detect')[] | 'detect_all';
  /** Data classes this principal may see in clear here; detectors of these classes stay silent. */
  readonly unmasked: readonly string[];
  /** Those of them that output columns are derived from: what this statement shows in clear. */
  readonly shown?: readonly string[];
  /** Error and notice text may hold values of classified columns: values are removed rather than detected. */
  readonly scrubMessages: boolean;
}

/**
 * One request of an SSH session, as policy sees it. Paths are absolute, as the server's realpath gives them (of a file
 * that does not exist yet: realpath of its directory, and its name), so that `..` and links do not escape.
 */
export type SshRequest =
  /** Without `command`: opening a shell. With it: one line that was typed into it, or at the prompt of `command` mode's own. */
  | { readonly kind: 'shell'; readonly command?: CommandAnalysis }
  | { readonly kind: 'exec'; readonly command: CommandAnalysis }
  | {
      readonly kind: 'sftp';
      /** list: stat, readdir, readlink, realpath, statvfs. write: also mkdir, setstat and symlink (path: the link; newPath: what it leads to). rename: also hard links. */
      readonly operation: 'list' | 'read' | 'write' | 'delete' | 'rename';
      readonly path: string;
      readonly newPath?: string;
      /** realpath of the directory in which the session began; absent where it is not known. */
      readonly home?: string;
    }
  /** local: one direct-tcpip (or direct-streamlocal: port 0, host is the socket's path). remote: tcpip-forward, the address that is bound. */
  | { readonly kind: 'forward'; readonly direction: 'local' | 'remote'; readonly host: string; readonly port: number }
  | { readonly kind: 'agent' };

/**
 * How an interactive shell is watched. observe: recorded, a line's decision is reported only. gate: Enter is held until
 * the line that the screen shows is decided. command: the proxy prompts, and each line runs as an exec of its own.
 */
export type TerminalMode = 'observe' | 'gate' | 'command';

/** What terminal.yaml says of a connection. */
export interface TerminalRules {
  readonly mode: TerminalMode;
  /** `gate` where the line cannot be read from the screen: deny refuses the key, observe lets it through. Nobody can approve what cannot be read. */
  readonly uncertain: 'deny' | 'observe';
  /** Names of environment variables that the client may set; `*` at the end stands for any rest. */
  readonly env: readonly string[];
}

export type RecordLevel = 'statement' | 'masked' | 'full' | 'sealed';

export type Outcome =
  | { readonly effect: 'deny'; readonly reason: string; readonly policyIds: readonly string[] }
  | {
      readonly effect: 'hold';
      readonly reason: string;
      readonly policyIds: readonly string[];
      /** Groups of which each approver must be a member of at least one. */
      readonly approvers: readonly string[];
      /** Distinct people needed. */
      readonly quorum: number;
      readonly expiresMs: number;
    }
  | {
      readonly effect: 'allow';
      readonly policyIds: readonly string[];
      readonly maskPlan: MaskPlan;
      readonly recordLevel: RecordLevel;
      /** On SSH connections only, whatever the action. */
      readonly terminal?: TerminalRules;
    };

/** One question to policy. The same shape serves enforcement, dry run, bundle tests and simulation. */
export interface Request {
  readonly principal: Principal;
  readonly connection: ConnectionInfo;
  readonly client: 'app' | 'native' | 'agent';
  readonly deviceId: string;
  readonly timeMs: number;
  readonly approved: boolean;
  /** For `connect`, `approve` and the like `statement` is absent. */
  readonly action: Action;
  readonly statement?: StatementAnalysis;
  /** For `ssh:*`; `action` is `sshActionOf(ssh)`. */
  readonly ssh?: SshRequest;
}

export interface DataClass {
  readonly id: string;
  readonly columns: readonly string[];
  readonly detectors: readonly string[];
  readonly mask: { readonly kind: MaskKind };
  readonly predicates: 'allow' | 'equality' | 'deny';
}

/** The active policy: what `loadBundle` returns and everything else is given. */
export interface PolicyEngine {
  readonly digest: BundleDigest;
  readonly name: string;
  readonly serial: number;
  readonly classes: readonly DataClass[];
  /** Functions that the bundle vouches for: `AnalysisEnv.vouched` of every analysis. */
  readonly vouched: readonly VouchedFunction[];
  /** A policy reads the time: the same question may have another answer later. */
  readonly asksTime: boolean;
  /** A policy reads `context.estimatedRows`: the planner is asked before a statement is decided on. */
  readonly asksRows: boolean;
  /** The one decision function (design.md section 5). Never throws: an internal failure is a deny. */
  decide(request: Request): Outcome;
  /** May `approver` approve what `request` holds? Cedar action `approve`. */
  mayApprove(approver: Principal, request: Request): { allowed: boolean; reason: string };
  /** Data class of a column, or undefined. `connection` for rules that name one. */
  classify(connection: string, column: ColumnRef): DataClass | undefined;
}

/** What `analyseSql` may look at. Everything in it is a snapshot: the analysis itself does no I/O. */
export interface AnalysisEnv {
  /** Absent in bundle tests and simulation without a catalog: then names resolve by spelling and lineage claims less. */
  readonly catalog: CatalogView | undefined;
  /** Effective search_path of the session, pg_catalog first unless it is named. */
  readonly searchPath: readonly string[];
  readonly classify: (column: ColumnRef) => DataClass | undefined;
  /** True when any column of the table is classified: such a table must resolve, or the statement is refused. */
  readonly prepared: (name: string) => StatementAnalysis | undefined;
  readonly cursor: (name: string) => StatementAnalysis | undefined;
  readonly standardConformingStrings: boolean;
  /** Functions that the bundle vouches for. */
  readonly vouched?: readonly VouchedFunction[];
}

export interface CatalogRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: r table, v view, m materialised view, f foreign, p partitioned, c composite, S sequence, t toast, i index. */
  readonly kind: string;
  /** By attribute number, system columns left out. */
  readonly columns: readonly {
    readonly attnum: number;
    readonly name: string;
    readonly typeOid: number;
    /** Expression of a generated column. */
    readonly generated?: string;
    /** The expression is computed when the column is read, not when its row is written. */
    readonly virtual?: boolean;
    /** Modifier of the type, such as the length of a varchar; absent when it has none. */
    readonly typmod?: number;
    readonly notNull?: boolean;
  }[];
  /** SQL of a view, as pg_get_viewdef prints it. */
  readonly definition?: string;
  /** OIDs of the tables that this one inherits from or is a partition of. */
  readonly parents?: readonly number[];
  /** OIDs of the type of its rows and of arrays of them. */
  readonly rowTypes?: readonly number[];
  /** Code that runs when the table is written, or read under row security, though no statement names it. */
  readonly hidden?: readonly HiddenCode[];
}

/** A trigger, a rule, or a function that a default, a constraint, a domain or a row-security policy calls. */
export interface HiddenCode {
  readonly kind: 'trigger' | 'rule' | 'default' | 'check' | 'policy';
  /** Name of the trigger, rule, constraint or policy, or of the column with the default. */
  readonly name: string;
  /** Absent for rules. */
  readonly function?: { readonly schema: string; readonly name: string; readonly language: string };
}

export interface CatalogFunction {
  readonly schema: string;
  readonly name: string;
  readonly language: string;
  /** provolatile: i, s or v. */
  readonly volatility: string;
  readonly kind: string;
  readonly returnsSet: boolean;
  /** Body, for language sql only. */
  readonly body?: string;
  /** Names of the columns of its rows, where the function declares them (OUT, TABLE). */
  readonly outColumns?: readonly string[];
  /** OIDs of the types of its input arguments; absent when they are not known. */
  readonly args?: readonly number[];
  /** OIDs of the types of its result's columns, or of its result. */
  readonly results?: readonly number[];
  /** How many of the last arguments may be left out. */
  readonly defaults?: number;
  readonly variadic?: boolean;
  /** Expressions of the defaults, in a row with commas, as the server prints them. */
  readonly defaultValues?: string;
  /** Types of its input arguments as the server prints them: `text, integer`. */
  readonly signature?: string;
}

/** A function that the bundle vouches for: its body need not be followed. */
export interface VouchedFunction {
  readonly schema: string;
  readonly name: string;
  /** Types of its input arguments, as the server prints them. */
  readonly args: readonly string[];
  /** What its result shows: what its arguments hold, or nothing that is classified. It reads no classified data itself. */
  readonly taint: 'arguments' | 'none';
}

/** A target database's catalog at one moment. Built in src/policy/lineage/catalog.ts from rows the proxy reads. */
export interface CatalogView {
  relation(schema: string, name: string): CatalogRelation | undefined;
  /** For RowDescription's table OID. */
  relationByOid(oid: number): CatalogRelation | undefined;
  /** The table or composite type whose row type, or array of it, this is. */
  relationOfType?(typeOid: number): CatalogRelation | undefined;
  functions(schema: string, name: string): readonly CatalogFunction[];
  schemas(): readonly string[];
  relations(): readonly CatalogRelation[];
  /** `schema.symbol` of operators that are not the server's own and not compiled code. */
  readonly opaqueOperators?: ReadonlySet<string>;
  /** `schema.type` of types to which a cast runs a function that is not compiled code. */
  readonly opaqueCasts?: ReadonlySet<string>;
  /** `schema.type` of types that are meant where a name of the server's stands. */
  readonly hidingTypes?: ReadonlySet<string>;
  /** OIDs of types that people made and that values of the server's types become unasked. */
  readonly implicitTypes?: ReadonlySet<number>;
  /** search_path under which the server printed definitions of views and function bodies; pg_catalog alone when absent. */
  readonly printedPath?: readonly string[];
}
