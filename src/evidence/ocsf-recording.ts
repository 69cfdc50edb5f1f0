/**
 * Records of a recording as OCSF events: one for each statement with its outcome (Datastore Activity 6005), one when
 * a statement is held, one for each gap (Detection Finding 2004). Pure, and resumable at any record. Everything it
 * reads has been masked before it was recorded; results, parameters and messages of the target are not passed on.
 */
import type { OpenStatement } from './types.ts';
import type { ReadRecord } from './read.ts';
import { OpenRequests, type OpenRequest } from './ocsf-requests.ts';
import { endsAtOnce, sshConnectionEvent, sshEvent, sshOutcome, sshRequestOf, sshTextOf, wentOn } from './ocsf-ssh.ts';
import { connectEvent, gapEvent, type Place, statementEvent, type StatementOutcome } from './ocsf-statement.ts';
import { type Emitter, MAX_STATEMENT, type OcsfObject } from './ocsf-event.ts';

export interface RecordingContext {
  readonly emitter: Emitter;
  /** Verified when it was taken. */
  readonly open: OpenStatement;
  /** When the store took the part that holds the record. */
  readonly loggedMs: number;
}

export class RecordingEvents {
  readonly #context: RecordingContext;
  readonly #requests: OpenRequests;

  constructor(context: RecordingContext, resume: readonly OpenRequest[] = []) {
    this.#context = context;
    this.#requests = OpenRequests.resume(resume);
  }

  /** Plain JSON; `resume` of the reader that goes on. */
  state(): readonly OpenRequest[] {
    return this.#requests.list();
  }

  /** Events that the record makes known. Kinds that are not listed here make none. */
  push(r: ReadRecord): OcsfObject[] {
    switch (r.kind) {
      case 'conn.open':
        return [this.#isSsh ? sshConnectionEvent(this.#context, r, 'open') : connectEvent(this.#context, r)];
      case 'conn.close':
        return this.#isSsh ? [sshConnectionEvent(this.#context, r, 'close')] : [];
      case 'ssh.shell':
      case 'ssh.exec':
      case 'ssh.sftp':
      case 'ssh.forward':
      case 'ssh.agent':
        return this.#ssh(r);
      case 'ssh.exit':
      case 'ssh.sftp.end':
      case 'ssh.forward.end':
        return this.#sshEnd(r);
      case 'sql.query':
      case 'sql.parse':
      case 'sql.bind':
      case 'sql.execute':
        return this.#request(r);
      case 'sql.result':
        return this.#result(r);
      case 'sql.error':
        return this.#error(r);
      case 'sql.copy':
        return this.#copy(r);
      case 'policy.decision':
        return this.#decision(r);
      case 'gap':
        return [gapEvent(this.#context, r)];
      default:
        return [];
    }
  }

  /** The session has ended: what was sent and never answered is told with an unknown outcome. */
  end(): OcsfObject[] {
    return this.#requests.unanswered().map((r) => this.#lost(r));
  }

  get #isSsh(): boolean {
    return this.#context.open.target.protocol === 'ssh';
  }

  #ssh(r: ReadRecord): OcsfObject[] {
    const ssh = sshRequestOf(r);
    if (ssh === undefined) return [];
    const command = sshTextOf(r);
    const reason = r.fields['reason'];
    const request: OpenRequest = {
      n: r.n,
      kind: 'ssh',
      ssh,
      t: r.t,
      ...(command === undefined ? {} : { sql: command.slice(0, MAX_STATEMENT) }),
      ...(command !== undefined && command.length > MAX_STATEMENT ? { sqlCut: true } : {}),
      verbs: [],
      dec: textOf(r.clear['dec']) ?? 'deny',
      pol: textsOf(r.clear['pol']),
      ...(typeof reason === 'string' ? { reason } : {}),
      results: 0,
      told: false,
    };
    const lost = this.#requests.add(request).map((l) => this.#lost(l));
    if (request.dec === 'hold') return [...lost, this.#event(request, r, { kind: 'held' })];
    if (request.dec !== 'allow' || !endsAtOnce(ssh)) return lost;
    const event = this.#event(request, r, wentOn);
    this.#over(request);
    return [...lost, event];
  }

  #sshEnd(r: ReadRecord): OcsfObject[] {
    const request = this.#of(r);
    if (request?.ssh === undefined) return [];
    const event = sshEvent(this.#context, request, request.ssh, { n: r.n, t: r.t, part: '' }, sshOutcome(r), r);
    this.#over(request);
    return [event];
  }

  #request(r: ReadRecord): OcsfObject[] {
    const sql = r.fields['sql'];
    const of = numberOf(r.clear['q']);
    const text = typeof sql === 'string' ? sql.slice(0, MAX_STATEMENT) : undefined;
    const reason = r.fields['reason'];
    const request: OpenRequest = {
      n: r.n,
      kind: kinds[r.kind] ?? 'other',
      t: r.t,
      ...(of === undefined ? {} : { of }),
      ...(text === undefined ? {} : { sql: text }),
      ...(typeof sql === 'string' && sql.length > MAX_STATEMENT ? { sqlCut: true } : {}),
      verbs: textsOf(r.clear['verb']),
      dec: textOf(r.clear['dec']) ?? 'allow',
      pol: textsOf(r.clear['pol']),
      ...(typeof reason === 'string' ? { reason } : {}),
      results: 0,
      told: false,
    };
    const lost = this.#requests.add(request).map((l) => this.#lost(l));
    if (request.dec !== 'hold') return lost;
    return [...lost, this.#event(request, r, { kind: 'held' })];
  }

  #result(r: ReadRecord): OcsfObject[] {
    const request = this.#of(r);
    if (request === undefined) return [];
    const index = numberOf(r.clear['i']) ?? 0;
    const event = this.#event(request, r, {
      kind: 'done',
      index,
      tag: textOf(r.clear['tag']) ?? '',
      rows: numberOf(r.clear['rows']),
      bytes: numberOf(r.clear['bytes']),
      durationUs: numberOf(r.clear['us']),
      masked: textsOf(r.clear['mask']),
      hits: textsOf(r.clear['hits']),
      unmasked: textsOf(r.clear['unmask']),
    });
    request.results++;
    request.told = true;
    // A portal may be executed again and a simple query may have more results; the rest is over.
    if (request.kind === 'execute' || (request.kind === 'query' && request.results >= request.verbs.length)) this.#requests.drop(request.n);
    return [event];
  }

  #error(r: ReadRecord): OcsfObject[] {
    const request = this.#of(r);
    if (request === undefined) return [];
    const event = this.#event(request, r, { kind: 'failed', code: textOf(r.clear['code']) ?? '' });
    this.#over(request);
    return [event];
  }

  #copy(r: ReadRecord): OcsfObject[] {
    const request = this.#of(r);
    const dir = textOf(r.clear['dir']);
    if (request !== undefined && (dir === 'in' || dir === 'out')) request.copy = dir;
    return [];
  }

  /** A refusal, the end of a hold, or the policy's word on a request, which the request's own record repeats. */
  #decision(r: ReadRecord): OcsfObject[] {
    const q = numberOf(r.clear['q']);
    const dec = textOf(r.clear['dec']) ?? '';
    const id = textOf(r.clear['id']);
    if (q === undefined) return dec !== 'deny' ? [] : this.#isSsh ? [sshConnectionEvent(this.#context, r, 'refuse')] : this.#request(r);
    const request = this.#requests.get(q);
    if (request === undefined) return [];
    if (id !== undefined) {
      request.approval = { id, outcome: dec };
      if (dec !== 'approved' || request.ssh === undefined || !endsAtOnce(request.ssh)) return [];
      const event = this.#event(request, r, wentOn);
      this.#over(request);
      return [event];
    }
    if (dec !== 'deny') return [];
    const reason = r.fields['reason'];
    const event = this.#event(request, r, { kind: 'denied', pol: textsOf(r.clear['pol']), reference: textOf(r.clear['ref']), reason: typeof reason === 'string' ? reason : request.reason });
    this.#over(request);
    return [event];
  }

  #over(request: OpenRequest): void {
    request.told = true;
    if (request.kind !== 'bind' && request.kind !== 'parse') this.#requests.drop(request.n);
  }

  /** The request that the record is about; what answers something that is over has been told. */
  #of(r: ReadRecord): OpenRequest | undefined {
    const q = numberOf(r.clear['q']);
    return q === undefined ? undefined : this.#requests.get(q);
  }

  #lost(request: OpenRequest): OcsfObject {
    // It was refused, and the record that says so is missing: the request's own decision stands.
    const outcome: StatementOutcome = request.dec === 'deny' ? { kind: 'denied', pol: request.pol, reason: request.reason } : { kind: 'unknown' };
    return this.#told(request, { n: request.n, t: request.t, part: '/unanswered' }, outcome);
  }

  #event(request: OpenRequest, r: ReadRecord, outcome: StatementOutcome): OcsfObject {
    return this.#told(request, { n: r.n, t: r.t, part: '' }, outcome);
  }

  #told(request: OpenRequest, place: Place, outcome: StatementOutcome): OcsfObject {
    return request.ssh === undefined ? statementEvent(this.#context, request, this.#requests.source(request), place, outcome) : sshEvent(this.#context, request, request.ssh, place, outcome);
  }
}

const kinds: Readonly<Record<string, OpenRequest['kind']>> = { 'sql.query': 'query', 'sql.parse': 'parse', 'sql.bind': 'bind', 'sql.execute': 'execute' };

const numberOf = (v: unknown): number | undefined => (typeof v === 'number' ? v : undefined);
const textOf = (v: unknown): string | undefined => (typeof v === 'string' ? v : undefined);
/** `verb` is a list in recordings of this version; a single one is read too. */
const textsOf = (v: unknown): readonly string[] => (typeof v === 'string' ? [v] : Array.isArray(v) ? v.filter((x): x is string => typeof x === 'string') : []);
