/** Records of a recording in the words of the replay. Shown for people; proof is the verifier's business. */
import type { Json } from '../base/jcs.ts';
import type { MaskInfo } from '../contract/ipc/common.ts';
import type { TimelineRecord } from '../contract/ipc/sessions.ts';
import { parseApprovalDecision } from '../evidence/approval.ts';
import { parseEnvelope, payloadJson } from '../evidence/dsse.ts';
import type { ReadRecord } from '../evidence/read.ts';
import { capitalised } from './format.ts';
import { exposedWords, isLook, outcomeWords, reachedWords, refusedWords, requestWords, type SshRequestWords, typedOn, typedWords, type Typing } from './recorded-ssh.ts';

/** Rows that the replay is given from one result; the recording may hold more. */
const MAX_ROWS = 500;

const textOf = (value: Json | undefined): string => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));
const field = (r: ReadRecord, name: string): string => (r.removed.includes(name) ? '[content missing]' : textOf(r.fields[name]));
const clearText = (r: ReadRecord, name: string): string => {
  const value = r.clear[name];
  return value === undefined || value === null ? '' : String(value);
};
const clearNumber = (r: ReadRecord, name: string): number | undefined => {
  const value = r.clear[name];
  return typeof value === 'number' ? value : undefined;
};
const clearList = (r: ReadRecord, name: string): string[] => {
  const value = r.clear[name];
  return Array.isArray(value) ? value.filter((v): v is string => typeof v === 'string') : [];
};

const EFFECTS: Readonly<Record<string, 'allow' | 'hold' | 'deny'>> = { allow: 'allow', hold: 'hold', deny: 'deny' };
type Phase = Extract<TimelineRecord, { kind: 'approval' }>['phase'];
const PHASES: Readonly<Record<string, Phase>> = { expired: 'expired', cancelled: 'cancelled', refused: 'denied' };

/** `1:email` pairs of a result's `mask`, and `email:12` pairs of its `hits`. */
const pair = (text: string): readonly [string, string] => {
  const at = text.indexOf(':');
  return [text.slice(0, at), text.slice(at + 1)];
};
const hit = (text: string): { classId: string; cells: number } => {
  const at = text.lastIndexOf(':');
  return { classId: text.slice(0, at), cells: Number(text.slice(at + 1)) || 0 };
};
export const hitsOf = (r: ReadRecord): { classId: string; cells: number }[] => clearList(r, 'hits').map(hit);

export class TimelineBuilder {
  readonly records: TimelineRecord[] = [];
  readonly #kindOf: (classId: string) => MaskInfo['kind'] | undefined;
  /** Which statement a record belongs to: an execute to its bind, a result to its query. */
  readonly #statementOf = new Map<number, number>();
  readonly #parsed = new Map<number, string>();
  readonly #deniedAtOnce = new Set<number>();
  /** By channel: the look that others are counted with, while nothing else is asked there. */
  readonly #looks = new Map<number, number>();
  /** Channels whose lines are decided on: what is typed there is told by the lines. */
  readonly #gated = new Set<number>();
  /** By channel: what was typed and has not ended a line yet. */
  readonly #typing = new Map<number, Typing>();

  /** @param kindOf how a class is masked, where its bundle is at hand; a recording names the class only */
  constructor(kindOf: (classId: string) => MaskInfo['kind'] | undefined) {
    this.#kindOf = kindOf;
  }

  add(r: ReadRecord): void {
    this.#record(r);
    if (r.removed.length === 0) return;
    const base = { n: r.n, tMs: r.t, statement: this.#statementOf.get(r.n) ?? null };
    for (const name of r.removed) this.records.push({ ...base, kind: 'missing', field: name });
  }

  #base(r: ReadRecord): { n: number; tMs: number; statement: number | null } {
    const q = clearNumber(r, 'q');
    const statement = q === undefined ? null : (this.#statementOf.get(q) ?? q);
    if (statement !== null) this.#statementOf.set(r.n, statement);
    return { n: r.n, tMs: r.t, statement };
  }

  #record(r: ReadRecord): void {
    const base = this.#base(r);
    const request = requestWords(r) ?? refusedWords(r);
    if (request !== undefined) return this.#request(r, request);
    switch (r.kind) {
      case 'conn.open':
        return void this.records.push({ ...base, kind: 'open', text: `Session opened${field(r, 'application_name') === '' ? '' : ` by ${field(r, 'application_name')}`}` });
      case 'conn.close':
        return void this.records.push({ ...base, kind: 'close', text: 'Session closed' });
      case 'sql.query':
        return this.#statement(r, field(r, 'sql'), []);
      case 'sql.parse':
        this.#parsed.set(r.n, field(r, 'sql'));
        if (r.clear['dec'] !== 'allow') this.#statement(r, field(r, 'sql'), []);
        return;
      case 'sql.bind':
        return this.#statement(r, this.#parsed.get(clearNumber(r, 'q') ?? -1) ?? '', parametersOf(r.fields['params']));
      case 'sql.execute':
        return;
      case 'sql.result':
        return this.#result(r, base);
      case 'sql.error':
        return void this.records.push({ ...base, kind: 'error', sqlstate: clearText(r, 'code'), message: field(r, 'message') });
      case 'sql.notice':
        return void this.records.push({ ...base, kind: 'notice', severity: clearText(r, 'of'), message: field(r, 'text') });
      case 'sql.copy':
        return void this.records.push({ ...base, kind: 'note', text: `COPY ${clearText(r, 'dir')}: ${clearText(r, 'bytes')} bytes` });
      case 'policy.decision':
        return this.#decision(r, base);
      case 'approval.request':
        return void this.records.push({ ...base, kind: 'approval', phase: 'requested', approvalId: clearText(r, 'id') });
      case 'approval.decision':
        return this.#approval(r, base);
      case 'gap':
        return void this.records.push({ ...base, kind: 'note', text: `Gap in the recording: ${clearText(r, 'reason')}` });
      case 'session.note':
        return void this.records.push({ ...base, kind: 'note', text: capitalised(field(r, 'text')) });
      case 'ssh.exit':
      case 'ssh.sftp.end':
      case 'ssh.forward.end':
        return this.#outcome(r, base);
      // What terminals showed is played, not listed.
      case 'ssh.pty.out':
      case 'ssh.pty.resize':
      case 'ssh.output':
        return;
      case 'ssh.pty.in':
        return this.#typed(r, base);
      case 'mask.applied':
        return void this.records.push({ ...base, kind: 'note', text: exposedWords(r) ?? r.kind });
      case 'ssh.forward.bound':
      case 'ssh.forward.open':
      case 'ssh.agent.open':
      case 'ssh.agent.sign':
      case 'ssh.agent.end':
        // Each at its own time: a listener and an agent last as long as the session.
        return void this.records.push({ ...base, statement: null, kind: 'note', text: reachedWords(r) ?? r.kind });
      default:
        return void this.records.push({ ...base, kind: 'note', text: r.kind });
    }
  }

  #request(r: ReadRecord, words: SshRequestWords): void {
    const { channel } = r;
    const isLooking = isLook(r);
    const statement = (isLooking ? this.#looks.get(channel) : undefined) ?? r.n;
    this.#statementOf.set(r.n, statement);
    if (!isLooking) this.#looks.delete(channel);
    else if (statement === r.n) this.#looks.set(channel, r.n);
    if (words.what === 'line') this.#gated.add(channel);
    const base = { n: r.n, tMs: r.t, statement };
    this.records.push({ ...base, kind: 'request', channel, ...words });
    if (statement !== r.n) return;
    const effect = EFFECTS[clearText(r, 'dec')] ?? 'deny';
    if (effect === 'deny') this.#deniedAtOnce.add(r.n);
    this.records.push({ ...base, kind: 'decision', effect, reason: effect === 'allow' ? '' : field(r, 'reason'), policyIds: clearList(r, 'pol') });
  }

  #outcome(r: ReadRecord, base: { n: number; tMs: number; statement: number | null }): void {
    const words = outcomeWords(r);
    if (words !== undefined) this.records.push({ ...base, kind: 'outcome', ...words });
    const classes = hitsOf(r);
    if (classes.length > 0) this.records.push({ ...base, kind: 'mask', classes });
  }

  #typed(r: ReadRecord, base: { n: number; tMs: number; statement: number | null }): void {
    if (this.#gated.has(r.channel)) return;
    const typing = typedOn(this.#typing.get(r.channel) ?? { data: '', hidden: 0 }, r);
    const text = typedWords(typing);
    if (text === undefined) return void this.#typing.set(r.channel, typing);
    this.#typing.delete(r.channel);
    this.records.push({ ...base, kind: 'note', text });
  }

  #statement(r: ReadRecord, sql: string, parameters: (string | null)[]): void {
    this.#statementOf.set(r.n, r.n);
    const base = { n: r.n, tMs: r.t, statement: r.n };
    this.records.push({ ...base, kind: 'statement', sql, parameters });
    const effect = EFFECTS[clearText(r, 'dec')] ?? 'deny';
    if (effect === 'deny') this.#deniedAtOnce.add(r.n);
    this.records.push({ ...base, kind: 'decision', effect, reason: effect === 'allow' ? '' : field(r, 'reason'), policyIds: clearList(r, 'pol') });
  }

  #decision(r: ReadRecord, base: { n: number; tMs: number; statement: number | null }): void {
    const dec = clearText(r, 'dec');
    const phase = PHASES[dec];
    if (phase !== undefined) this.records.push({ ...base, kind: 'approval', phase, approvalId: clearText(r, 'id'), reason: field(r, 'reason') });
    // Approved and denied holds are told by the signed decision itself, a plain denial by its statement.
    else if (dec === 'deny' && !this.#deniedAtOnce.has(base.statement ?? -1)) this.records.push({ ...base, kind: 'decision', effect: 'deny', reason: field(r, 'reason'), policyIds: clearList(r, 'pol') });
  }

  #approval(r: ReadRecord, base: { n: number; tMs: number; statement: number | null }): void {
    if (r.clear['counted'] === false) {
      this.records.push({ ...base, kind: 'note', text: `A decision did not count: ${field(r, 'reason')}` });
      return;
    }
    try {
      const decision = parseApprovalDecision(payloadJson(parseEnvelope(field(r, 'envelope'), 'approval-decision')));
      this.records.push({ ...base, kind: 'approval', phase: decision.decision === 'approve' ? 'approved' : 'denied', approvalId: decision.approval_id, by: decision.approver.name, reason: decision.reason });
    } catch {
      this.records.push({ ...base, kind: 'note', text: 'A decision that cannot be read' });
    }
  }

  #result(r: ReadRecord, base: { n: number; tMs: number; statement: number | null }): void {
    const names = Array.isArray(r.fields['columns']) ? r.fields['columns'].map(textOf) : [];
    const masks = new Map(clearList(r, 'mask').map(pair));
    const columns = names.map((name, i) => {
      const classId = masks.get(String(i));
      return { name, type: '', ...(classId === undefined ? {} : { mask: { classId, kind: this.#kindOf(classId) ?? ('full' as const), rule: `class ${classId}` } }) };
    });
    const all = Array.isArray(r.fields['rows']) ? r.fields['rows'] : [];
    const rows = all.slice(0, MAX_ROWS).map((row: Json) => (isList(row) ? row.map(cellOf) : [cellOf(row)]));
    const rowCount = clearNumber(r, 'rows') ?? countOf(clearText(r, 'tag'));
    const us = clearNumber(r, 'us');
    this.records.push({ ...base, kind: 'result', tag: clearText(r, 'tag'), columns, rows, rowCount, truncated: names.length > 0 && rowCount > rows.length, ...(us === undefined ? {} : { elapsedMs: us / 1000 }) });
    const classes = hitsOf(r);
    if (classes.length > 0) this.records.push({ ...base, kind: 'mask', classes });
  }
}

// Array.isArray turns a read-only list into any[].
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

const countOf = (tag: string): number => Number(/ (\d+)$/.exec(tag)?.[1] ?? 0);

function cellOf(value: Json): string | null {
  if (value === null) return null;
  const binary = typeof value === 'object' && 'b64' in value ? value.b64 : undefined;
  if (typeof binary === 'string') return `base64 ${binary}`;
  return textOf(value);
}

function parametersOf(value: Json | undefined): (string | null)[] {
  return Array.isArray(value) ? value.map(cellOf) : [];
}
