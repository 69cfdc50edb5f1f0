/** Recordings of this person: those on this machine, and those that only the store keeps. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fromUtf8 } from '../../base/encoding.ts';
import { ConfigError, MalformedError } from '../../base/errors.ts';
import { isSessionId, type SessionId } from '../../base/ids.ts';
import type { SessionDetail, SessionSummary, Verdict } from '../../contract/ipc/sessions.ts';
import type { RecordingInfo } from '../../contract/store/index.ts';
import { parseEnvelope, payloadJson } from '../../evidence/dsse.ts';
import { nodeSha256 } from '../../evidence/node-crypto.ts';
import { openRecordingDir } from '../../evidence/read-files.ts';
import { readRecords } from '../../evidence/read.ts';
import { fileNames, type RecordingSource } from '../../evidence/source.ts';
import { readSrz } from '../../evidence/srz-read.ts';
import { parseClose, parseOpen, parseRecovered } from '../../evidence/statements.ts';
import type { OpenStatement } from '../../evidence/types.ts';
import { bytesUnder } from '../../evidence/spool-budget.ts';
import { SessionUpload } from '../../proxy/core/session-upload.ts';
import { hitsOf, TimelineBuilder } from '../../ui/recorded-timeline.ts';
import type { Work } from '../work/work.ts';
import { ShownReader } from './shown.ts';

interface Counts {
  statements: number;
  denied: number;
  held: number;
  maskedCells: number;
}

const NONE: Readonly<Counts> = { statements: 0, denied: 0, held: 0, maskedCells: 0 };

export function statementOf(source: RecordingSource, name: string, kind: 'open' | 'close' | 'recovered'): unknown {
  const bytes = source.file(name);
  return bytes === undefined ? undefined : payloadJson(parseEnvelope(fromUtf8(bytes), kind));
}

function endOf(source: RecordingSource): { endedMs: number; recovered: boolean } | undefined {
  const close = statementOf(source, fileNames.close, 'close');
  if (close !== undefined) return { endedMs: parseClose(close).t, recovered: false };
  const recovered = statementOf(source, fileNames.recovered, 'recovered');
  return recovered === undefined ? undefined : { endedMs: parseRecovered(recovered).t, recovered: true };
}

export class SessionCatalogue {
  readonly #work: Work;
  readonly #verdicts = new Map<string, Verdict>();
  /** Counts by session; read again when the log has grown. */
  readonly #counts = new Map<string, { readonly bytes: number; readonly counts: Counts }>();
  readonly #downloads = new Map<string, Promise<RecordingSource>>();

  /** What terminals showed. */
  readonly shown = new ShownReader((id) => this.#readable(id));

  constructor(work: Work) {
    this.#work = work;
  }

  remember(id: string, verdict: Verdict): void {
    this.#verdicts.set(id, verdict);
  }

  /** Directory of a recording on this machine. */
  localDir(id: SessionId): string | undefined {
    const dir = path.join(this.#work.runtime.recordingsDir, id);
    return existsSync(path.join(dir, fileNames.open)) ? dir : undefined;
  }

  /** Newest first. The store being away leaves what is here. */
  async list(): Promise<SessionSummary[]> {
    const { runtime, client, identity } = this.#work;
    const local = readdirSync(runtime.recordingsDir).filter(isSessionId);
    const here: SessionSummary[] = [];
    for (const id of local) {
      const dir = this.localDir(id);
      if (dir !== undefined) here.push(await this.#localSummary(id, dir));
    }
    const known = new Set<string>(local);
    const remote = await client.listRecordings({ person: identity.principal.subject, limit: 200 }).catch(() => []);
    const elsewhere = remote.filter((r) => !known.has(r.session_id)).map((r) => this.#remoteSummary(r));
    return [...here, ...elsewhere].sort((a, b) => b.startedMs - a.startedMs);
  }

  async #localSummary(id: SessionId, dir: string): Promise<SessionSummary> {
    const source = openRecordingDir(dir);
    const open = parseOpen(statementOf(source, fileNames.open, 'open'));
    const end = endOf(source);
    const state = end === undefined ? 'live' : SessionUpload.isReceipted(dir) ? 'uploaded' : end.recovered ? 'recovered' : 'pending_upload';
    return summaryOf(open, { id, state, endedMs: end?.endedMs ?? null, sizeBytes: bytesUnder(dir), counts: await this.#countsOf(id, dir, source), verdict: this.#verdicts.get(id) ?? null });
  }

  async #countsOf(id: string, dir: string, source: RecordingSource): Promise<Counts> {
    const log = path.join(dir, 'log.ndjson');
    const bytes = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
    const known = this.#counts.get(id);
    if (known?.bytes === bytes) return known.counts;
    const counts = await countRecords(source);
    this.#counts.set(id, { bytes, counts });
    return counts;
  }

  /** What only the store keeps: its list tells no statements, so they are counted once the recording was opened. */
  #remoteSummary(r: RecordingInfo): SessionSummary {
    const state = r.state === 'open' ? 'live' : r.state === 'recovered' ? 'recovered' : 'uploaded';
    const counts = this.#counts.get(r.session_id)?.counts ?? NONE;
    return {
      ...{ id: r.session_id, connection: r.connection, labels: {}, database: '', client: r.client, startedMs: r.opened_ms, endedMs: r.closed_ms ?? null, state, sizeBytes: r.bytes, ...counts },
      verdict: this.#verdicts.get(r.session_id) ?? null,
    };
  }

  /** The recording as an outsider would get it: the store's copy with receipts and cosignatures where it has one. */
  async evidence(id: SessionId): Promise<RecordingSource> {
    const dir = this.localDir(id);
    if (dir !== undefined && !SessionUpload.isReceipted(dir)) return openRecordingDir(dir);
    return this.#download(id);
  }

  #download(id: SessionId): Promise<RecordingSource> {
    const known = this.#downloads.get(id) ?? this.#work.client.downloadSrz(id).then((bytes) => readSrz(bytes));
    // One at a time is kept: a recording may be large.
    this.#downloads.clear();
    this.#downloads.set(id, known);
    known.catch(() => this.#downloads.delete(id));
    return known;
  }

  async #readable(id: SessionId): Promise<RecordingSource> {
    const dir = this.localDir(id);
    return dir === undefined ? this.#download(id) : openRecordingDir(dir);
  }

  async detail(id: SessionId): Promise<SessionDetail> {
    const dir = this.localDir(id);
    const source = await this.#readable(id);
    const open = parseOpen(statementOf(source, fileNames.open, 'open'));
    const { classes } = this.#work.bundle.engine;
    const builder = new TimelineBuilder((id) => classes.find((c) => c.id === id)?.mask.kind);
    const log = source.log();
    if (log !== undefined) for await (const record of readRecords(log, nodeSha256)) builder.add(record);
    if (dir === undefined) this.#counts.set(id, { bytes: 0, counts: await countRecords(source) });
    const summary = (await this.list()).find((s) => s.id === id);
    if (summary === undefined) throw new ConfigError('there is no such session of yours');
    return {
      summary,
      user: { name: open.user.name, subject: open.user.sub, groups: [...open.user.groups] },
      ...{ deviceId: open.device_id, address: `${open.target.host}:${open.target.port}`, program: programOf(open), recordingLevel: open.recording_level },
      policy: { name: open.policy.name, serial: open.policy.serial, digest: open.policy.bundle_sha256 },
      protocol: open.target.protocol,
      records: builder.records,
    };
  }

  /** Bytes of the whole .srz of the store, for the export of an uploaded session. */
  async downloadBytes(id: SessionId): Promise<Uint8Array> {
    return this.#work.client.downloadSrz(id);
  }
}

const programOf = (open: OpenStatement): string => (open.client.program === '' ? open.client.kind : open.client.program);

function summaryOf(open: OpenStatement, o: Pick<SessionSummary, 'id' | 'state' | 'endedMs' | 'sizeBytes' | 'verdict'> & { counts: Counts }): SessionSummary {
  const { counts, ...rest } = o;
  return { ...rest, ...counts, connection: open.target.connection, labels: { ...open.target.labels }, database: open.target.database, client: programOf(open), startedMs: open.t };
}

/** Requests that people made: statements, and what was asked of hosts. */
const COUNTED = new Set(['sql.query', 'sql.bind', 'ssh.shell', 'ssh.exec', 'ssh.sftp', 'ssh.forward', 'ssh.agent']);

async function countRecords(source: RecordingSource): Promise<Counts> {
  const counts: Counts = { ...NONE };
  const log = source.log();
  if (log === undefined) return counts;
  try {
    for await (const r of readRecords(log, nodeSha256)) {
      if (COUNTED.has(r.kind)) counts.statements++;
      if (r.clear['dec'] === 'deny' && r.kind !== 'policy.decision') counts.denied++;
      if (r.kind === 'approval.request') counts.held++;
      for (const { cells } of hitsOf(r)) counts.maskedCells += cells;
    }
  } catch (error) {
    // A damaged recording is still listed; the verifier names what is wrong with it.
    if (!(error instanceof MalformedError)) throw error;
  }
  return counts;
}

