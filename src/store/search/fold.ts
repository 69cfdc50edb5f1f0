/**
 * Records of one chunk as rows of the index: a statement with what became of it is one row, what happened beside
 * statements is a mark. Pure. The records are a device's own words: lengths are cut, and nothing here throws for them.
 */
import type { ApprovalId } from '../../base/ids.ts';
import { SHOWN_TEXT_CHARS, type SearchDecision } from '../../contract/store/index.ts';
import type { ReadRecord } from '../../evidence/read.ts';
import { answersOf, approvalOf, clearInt, clearList, clearText, cut, decisionOf, fieldText, ids, maskedOf } from './fold-parts.ts';
import { refusedRequest, signAsked, sshAsked, type SshAsked, sshError, typedLine } from './fold-ssh.ts';
import { type Mark, markOf } from './marks.ts';

/** Characters of a statement whose words are indexed. */
export const INDEXED_TEXT_CHARS = 65_536;
export const PARAMS_CHARS = 2_000;
export const REASON_CHARS = 1_000;

export type Masked = Map<string, number>;

export interface StatementRow {
  readonly n: number;
  readonly atMs: number;
  readonly offsetMs: number;
  /** At most INDEXED_TEXT_CHARS; a hit shows the first SHOWN_TEXT_CHARS. */
  readonly sql: string;
  readonly cut: boolean;
  readonly redacted: boolean;
  readonly params: string;
  readonly verbs: readonly string[];
  decision: SearchDecision;
  reason: string;
  approvalId: ApprovalId | undefined;
  policies: readonly string[];
  readonly masked: Masked;
  readonly unmasked: Set<string>;
  answerN: number | undefined;
  rows: number | undefined;
  us: number | undefined;
  error: string | undefined;
}

/** What a chunk says of a statement of an earlier one. */
export interface Change {
  readonly n: number;
  decision: SearchDecision | undefined;
  reason: string | undefined;
  approvalId: ApprovalId | undefined;
  policies: readonly string[] | undefined;
  readonly masked: Masked;
  readonly unmasked: Set<string>;
  answerN: number | undefined;
  rows: number | undefined;
  us: number | undefined;
  error: string | undefined;
}

/** A prepared text, or an execution whose answer belongs to its bind. */
export interface KnownText {
  readonly n: number;
  readonly parent: number | undefined;
  readonly sql: string;
  readonly verbs: readonly string[];
  readonly redacted: boolean;
}

export interface Folded {
  readonly firstN: number | undefined;
  readonly statements: readonly StatementRow[];
  readonly changes: readonly Change[];
  readonly texts: readonly KnownText[];
  readonly marks: readonly Mark[];
}

export interface FoldInput {
  readonly records: readonly ReadRecord[];
  /** When the store took the chunk: no record can be later. */
  readonly receivedMs: number;
  /** Texts of earlier chunks that these records refer to. */
  readonly known: readonly KnownText[];
}

/** Numbers of earlier records that these refer to; what the index knows of them goes into `FoldInput.known`. */
export function referencesOf(records: readonly ReadRecord[]): number[] {
  const first = records[0]?.n ?? 0;
  const asked = new Set<number>();
  for (const r of records) {
    const q = clearInt(r, 'q');
    if (q !== undefined && q < first) asked.add(q);
  }
  return [...asked];
}

export function fold(input: FoldInput): Folded {
  const folder = new Folder(input);
  for (const r of input.records) folder.add(r);
  return folder.result(input.records[0]?.n);
}

class Folder {
  readonly #receivedMs: number;
  readonly #texts = new Map<number, KnownText>();
  readonly #newTexts: KnownText[] = [];
  readonly #statements = new Map<number, StatementRow>();
  readonly #changes = new Map<number, Change>();
  readonly #marks: Mark[] = [];
  /** Channels whose lines are decided on: what is typed there is told by them. */
  readonly #gated = new Set<number>();

  constructor(input: FoldInput) {
    this.#receivedMs = input.receivedMs;
    for (const t of input.known) this.#texts.set(t.n, t);
  }

  result(firstN: number | undefined): Folded {
    return { firstN, statements: [...this.#statements.values()], changes: [...this.#changes.values()], texts: this.#newTexts, marks: this.#marks };
  }

  add(r: ReadRecord): void {
    switch (r.kind) {
      case 'sql.query':
        this.#statement(r, { n: r.n, parent: undefined, sql: fieldText(r, 'sql'), verbs: clearList(r, 'verb'), redacted: r.removed.includes('sql') });
        return;
      case 'sql.parse':
        this.#parse(r);
        return;
      case 'sql.bind':
        this.#statement(r, this.#texts.get(clearInt(r, 'q') ?? -1));
        return;
      case 'sql.execute':
        this.#execute(r);
        return;
      case 'sql.result':
      case 'sql.error':
      case 'ssh.exit':
      case 'ssh.sftp.end':
        this.#answer(r);
        return;
      case 'mask.applied':
        if (clearInt(r, 'q') === undefined) this.#mark(r);
        else this.#answer(r);
        return;
      case 'ssh.shell':
      case 'ssh.exec':
      case 'ssh.sftp':
      case 'ssh.forward':
      case 'ssh.agent':
        this.#ssh(r);
        return;
      case 'ssh.pty.in':
        this.#typed(r);
        return;
      // What was shown is in the recording, and found in its replay.
      case 'ssh.pty.out':
      case 'ssh.pty.resize':
      case 'ssh.output':
      case 'ssh.forward.bound':
      case 'ssh.forward.open':
      case 'ssh.forward.end':
      case 'ssh.agent.open':
      case 'ssh.agent.end':
        return;
      case 'ssh.agent.sign':
        this.#allowed(r, signAsked(r));
        return;
      case 'policy.decision':
        this.#decision(r);
        return;
      default:
        this.#mark(r);
    }
  }

  #at(r: ReadRecord): { n: number; atMs: number; offsetMs: number } {
    return { n: r.n, atMs: Math.min(r.t, this.#receivedMs), offsetMs: Math.floor(r.m / 1_000_000) };
  }

  #ssh(r: ReadRecord): void {
    const asked = sshAsked(r);
    if (asked === undefined) return;
    if (r.clear['typed'] === true) this.#gated.add(r.channel);
    this.#statement(r, { n: r.n, parent: undefined, sql: asked.text, verbs: asked.verbs, redacted: asked.redacted });
  }

  #typed(r: ReadRecord): void {
    const line = this.#gated.has(r.channel) ? undefined : typedLine(r);
    if (line !== undefined) this.#allowed(r, { text: line, verbs: ['typed'], redacted: false });
  }

  /** What went on without a decision of its own. */
  #allowed(r: ReadRecord, { text, verbs, redacted }: SshAsked): void {
    this.#statement({ ...r, clear: { ...r.clear, dec: 'allow' } }, { n: r.n, parent: undefined, sql: text, verbs, redacted });
  }

  #parse(r: ReadRecord): void {
    const known: KnownText = { n: r.n, parent: undefined, sql: cut(fieldText(r, 'sql'), INDEXED_TEXT_CHARS), verbs: clearList(r, 'verb'), redacted: r.removed.includes('sql') };
    this.#texts.set(r.n, known);
    this.#newTexts.push(known);
    // An allowed Parse runs nothing; its Binds do.
    if (clearText(r, 'dec') !== 'allow') this.#statement(r, known);
  }

  #statement(r: ReadRecord, text: KnownText | undefined): void {
    const sql = cut(text?.sql ?? '', INDEXED_TEXT_CHARS);
    const params = r.fields['params'];
    this.#statements.set(r.n, {
      ...this.#at(r),
      sql,
      cut: sql.length > SHOWN_TEXT_CHARS || sql.length < (text?.sql ?? '').length,
      redacted: (text?.redacted ?? false) || r.removed.length > 0,
      params: params === undefined ? '' : cut(JSON.stringify(params), PARAMS_CHARS),
      verbs: text?.verbs ?? [],
      decision: decisionOf(clearText(r, 'dec')),
      reason: cut(fieldText(r, 'reason'), REASON_CHARS),
      approvalId: undefined,
      policies: ids(clearList(r, 'pol')),
      masked: new Map(),
      unmasked: new Set(),
      answerN: undefined,
      rows: undefined,
      us: undefined,
      error: undefined,
    });
  }

  #execute(r: ReadRecord): void {
    const bind = clearInt(r, 'q');
    if (bind === undefined) {
      this.#statement(r, undefined);
      return;
    }
    const known: KnownText = { n: r.n, parent: bind, sql: '', verbs: [], redacted: false };
    this.#texts.set(r.n, known);
    this.#newTexts.push(known);
    if (clearText(r, 'dec') !== 'deny') return;
    const target = this.#target(bind);
    target.decision = 'denied';
    target.reason = cut(fieldText(r, 'reason'), REASON_CHARS);
  }

  /** The statement that a record refers to: in this chunk, or in an earlier one. */
  #target(q: number): StatementRow | Change {
    const n = this.#texts.get(q)?.parent ?? q;
    const here = this.#statements.get(n) ?? this.#changes.get(n);
    if (here !== undefined) return here;
    const change: Change = { n, decision: undefined, reason: undefined, approvalId: undefined, policies: undefined, masked: new Map(), unmasked: new Set(), answerN: undefined, rows: undefined, us: undefined, error: undefined };
    this.#changes.set(n, change);
    return change;
  }

  #answer(r: ReadRecord): void {
    const q = clearInt(r, 'q');
    if (q === undefined) return;
    const target = this.#target(q);
    const answer = answersOf(r);
    target.answerN = r.n;
    if (answer.rows !== undefined) target.rows = (target.rows ?? 0) + answer.rows;
    if (answer.us !== undefined) target.us = (target.us ?? 0) + answer.us;
    const error = answer.error ?? sshError(r);
    if (error !== undefined) target.error = error;
    for (const id of clearList(r, 'unmask')) if (id !== '') target.unmasked.add(id);
    for (const [id, cells] of maskedOf(r)) target.masked.set(id, (target.masked.get(id) ?? 0) + cells);
  }

  #decision(r: ReadRecord): void {
    const q = clearInt(r, 'q');
    const dec = clearText(r, 'dec');
    if (q === undefined) {
      // A message that could not be read has no statement, and was refused all the same.
      const request = refusedRequest(r);
      if (dec === 'allow') this.#mark(r);
      else this.#statement(r, request === '' ? undefined : { n: r.n, parent: undefined, sql: request, verbs: [], redacted: false });
      return;
    }
    const target = this.#target(q);
    const already = target.decision === 'denied';
    target.decision = dec === 'allow' ? 'allow' : dec === 'approved' ? 'approved' : dec === 'hold' ? 'held' : 'denied';
    const reason = cut(fieldText(r, 'reason'), REASON_CHARS);
    if (reason !== '') target.reason = reason;
    const policies = ids(clearList(r, 'pol'));
    if (policies.length > 0) target.policies = policies;
    const approval = approvalOf(r);
    if (approval !== undefined) target.approvalId = approval;
    // The denial of a statement that was denied at once is told by the statement itself.
    if (!already || approval !== undefined) this.#mark(r);
  }

  #mark(r: ReadRecord): void {
    const q = clearInt(r, 'q');
    const statement = q === undefined ? undefined : (this.#texts.get(q)?.parent ?? q);
    if (r.kind === 'approval.request' && q !== undefined) this.#target(q).approvalId = approvalOf(r);
    this.#marks.push(markOf(r, { ...this.#at(r), statement }));
  }
}
