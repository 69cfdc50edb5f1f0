/** What an SSH session writes into its recording (docs/formats/recording.md section 6). Text that a person chose passes the detectors first. */
import type { Json } from '../../base/jcs.ts';
import type { ClearValue, RecordInput } from '../../evidence/record.ts';
import type { Field } from '../../evidence/types.ts';
import type { SessionRecorder } from '../../evidence/write.ts';
import { maskText, type MaskContext } from '../../policy/mask/index.ts';
import type { MaskPlan, Outcome, SshRequest } from '../../policy/types.ts';
import type { Exit } from './library.ts';

const DETECT_ALL: MaskPlan = { columns: 'detect_all', unmasked: [], scrubMessages: false };

export interface Recorded {
  readonly n: number;
  readonly leaf: Uint8Array;
}

/** Bytes from which on a digest is given. */
const MIN_DIGESTED = 1_024;

/** What goes over a channel in one direction. */
export interface Moved {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

export class SshJournal {
  readonly recorder: SessionRecorder;
  readonly #masks: MaskContext;
  /** What still gathers output of a channel, and how to have it recorded. */
  readonly #gathering = new Map<() => void, number>();
  /** Requests that were decided. */
  requests = 0;

  constructor(recorder: SessionRecorder, masks: MaskContext) {
    this.recorder = recorder;
    this.#masks = masks;
  }

  /**
   * Output of a channel is recorded in batches, and what it was before a request has to stand before it.
   * @param flush records what was gathered so far @returns ends it
   */
  gathers(channel: number, flush: () => void): () => void {
    this.#gathering.set(flush, channel);
    return () => this.#gathering.delete(flush);
  }

  /** One record of a channel, behind everything that the channel showed so far. */
  append(r: RecordInput & { readonly channel: number }): Recorded {
    for (const [flush, channel] of this.#gathering) if (channel === r.channel) flush();
    return this.recorder.append(r);
  }

  /** As the recorder does. */
  sync(): Promise<void> {
    return this.recorder.sync();
  }

  shown(text: string): string {
    return maskText(text, DETECT_ALL, this.#masks).text;
  }

  /** Of `asJson`. What is no text is kept as it is: detectors read text. */
  shownValue(value: Json): Json {
    return typeof value === 'string' ? this.shown(value) : value;
  }

  /** The request and its decision. `clear` holds nothing that a person typed. */
  request(kind: 'ssh.exec' | 'ssh.shell' | 'ssh.sftp' | 'ssh.forward' | 'ssh.agent', channel: number, outcome: Outcome, clear: Readonly<Record<string, ClearValue>>, fields: readonly Field[]): Recorded {
    this.requests++;
    const reason: Field[] = outcome.effect === 'allow' ? [] : [{ name: 'reason', value: this.shown(outcome.reason) }];
    return this.append({ kind, channel, clear: { dec: outcome.effect, pol: outcome.policyIds, ...clear }, fields: [...fields, ...reason] });
  }

  denied(channel: number, request: Recorded, reason: string, policyIds: readonly string[], reference: string): void {
    this.append({ kind: 'policy.decision', channel, clear: { q: request.n, dec: 'deny', pol: policyIds, ref: reference }, fields: [{ name: 'reason', value: this.shown(reason) }] });
  }

  /** A request that no policy is asked about: what it was, and why it is refused. */
  refused(channel: number, what: string, reason: string): Recorded {
    return this.append({ kind: 'policy.decision', channel, clear: { dec: 'deny' }, fields: [{ name: 'request', value: this.shown(what) }, { name: 'reason', value: reason }] });
  }

  /** A line of a shell that is only observed, which policy would not have allowed. It ran. */
  advisory(channel: number, outcome: Outcome & { readonly effect: 'deny' | 'hold' }, line: string): Recorded {
    return this.append({ kind: 'policy.decision', channel, clear: { dec: 'allow', advisory: outcome.effect, pol: outcome.policyIds }, fields: [{ name: 'request', value: this.shown(line) }, { name: 'reason', value: this.shown(outcome.reason) }] });
  }

  resize(channel: number, cols: number, rows: number): void {
    this.append({ kind: 'ssh.pty.resize', channel, clear: { cols, rows } });
  }

  /** @param text what was shown, or base64 of bytes that are no text */
  terminal(kind: 'ssh.pty.out' | 'ssh.pty.in', channel: number, bytes: number, data: Json | undefined, hidden = 0): void {
    const record: RecordInput & { readonly channel: number } = { kind, channel, clear: { bytes, ...(hidden > 0 ? { hidden } : {}) }, fields: data === undefined ? [] : [{ name: 'data', value: data }] };
    // Output is what the others wait for.
    if (kind === 'ssh.pty.out') this.recorder.append(record);
    else this.append(record);
  }

  output(channel: number, request: Recorded, fd: 1 | 2, bytes: number, data: Json): void {
    this.recorder.append({ kind: 'ssh.output', channel, clear: { q: request.n, fd, bytes }, fields: [{ name: 'data', value: data }] });
  }

  /** @param typed the input came from a terminal, passwords among it */
  exit(channel: number, request: Recorded, exit: Exit | undefined, moved: Readonly<Record<'in' | 'out' | 'err', Moved>>, masked: readonly ReadonlyMap<string, number>[], typed: boolean): void {
    const clear: Record<string, ClearValue> = { q: request.n };
    if (exit?.kind === 'status') clear['status'] = exit.status;
    if (exit?.kind === 'signal') clear['signal'] = exit.signal;
    for (const name of ['in', 'out', 'err'] as const) {
      clear[name] = moved[name].bytes;
      // A digest of something short tells what it was to whoever guesses it: a password on stdin, say.
      if (moved[name].bytes >= MIN_DIGESTED && !(name === 'in' && typed)) clear[`${name}_sha256`] = moved[name].sha256;
    }
    const hits = new Map<string, number>();
    for (const [id, n] of masked.flatMap((counts) => [...counts])) hits.set(id, (hits.get(id) ?? 0) + n);
    if (hits.size > 0) clear['hits'] = [...hits].map(([id, n]) => `${id}:${n}`);
    this.append({ kind: 'ssh.exit', channel, clear });
  }

  fileEnd(channel: number, request: Recorded, clear: Readonly<Record<string, ClearValue>>): void {
    this.append({ kind: 'ssh.sftp.end', channel, clear: { q: request.n, ...clear } });
  }

  forwardEnd(channel: number, request: Recorded, sent: number, received: number): void {
    this.append({ kind: 'ssh.forward.end', channel, clear: { q: request.n, sent, received } });
  }

  /** A value of these classes stood on the screen in clear for a moment, until it was painted over. */
  exposed(channel: number, classIds: readonly string[]): void {
    this.append({ kind: 'mask.applied', channel, clear: { exposed: classIds } });
  }

  note(text: string): void {
    this.recorder.append({ kind: 'session.note', fields: [{ name: 'text', value: this.shown(text) }] });
  }
}

/** The request in words, for approvers and messages. */
export function inWords(ssh: SshRequest): string {
  switch (ssh.kind) {
    case 'exec':
      return ssh.command.text;
    case 'shell':
      return ssh.command === undefined ? 'an interactive shell' : ssh.command.text;
    case 'sftp':
      return `sftp ${ssh.operation} ${ssh.path}${ssh.newPath === undefined ? '' : ` -> ${ssh.newPath}`}`;
    case 'forward':
      return ssh.direction === 'local' ? `forward to ${ssh.host}:${ssh.port}` : `remote forward of ${listenerWords(ssh.host, ssh.port)} at the target`;
    case 'agent':
      return 'forward the authentication agent';
  }
}

/** Where a remote forward listens (RFC 4254 section 7.1: no address is every address, port 0 is any free one). */
export const listenerWords = (host: string, port: number): string => `${host === '' ? '*' : host}:${port === 0 ? 'any' : port}`;
