/** The page's end of the recording worker. */
import type { VerifyReport } from '../../contract/ipc/sessions.ts';
import type { Block } from '../../ui/terminal/channel-tape.ts';
import type { Found, TapeAccess } from '../../ui/terminal/tape.ts';
import type { Step } from '../../ui/timeline.ts';
import { RequestError } from '../api/http.ts';
import { tellSignedOut } from '../api/signed-out.ts';
import type { Content, FromWorker, LoadedRecording, ToWorker } from './protocol.ts';

type Answer = Extract<FromWorker, { id: number }>;
type Question = Exclude<ToWorker, { type: 'load' | 'stop_finding' }>;
type WithoutId<T> = T extends { id: number } ? Omit<T, 'id'> : never;

export class RecordingClient implements TapeAccess {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void; readonly onProgress: (records: number) => void }>();
  #next = 0;
  #onLoad: { readonly resolve: (recording: LoadedRecording) => void; readonly reject: (error: Error) => void } | undefined;
  #onBytes: (loadedBytes: number, totalBytes: number) => void = () => undefined;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'recording' });
    this.#worker.postMessage(undefined, [port2]);
    this.#worker.onerror = () => this.#abandon(new Error('The part of this page that reads recordings could not be started. Load the page again.'));
    this.#port = port1;
    this.#port.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
  }

  /** @throws RequestError when the store does not give the recording */
  load(session: string, onBytes: (loadedBytes: number, totalBytes: number) => void): Promise<LoadedRecording> {
    this.#onBytes = onBytes;
    return new Promise((resolve, reject) => {
      this.#onLoad = { resolve, reject };
      this.#port.postMessage({ type: 'load', session } satisfies ToWorker);
    });
  }

  /** The step with its rows; the one given when there is none. */
  readonly whole = async (step: Step): Promise<Step> => {
    const answer = await this.#ask({ type: 'step', first: step.first });
    return answer.type === 'step' ? (answer.step ?? step) : step;
  };

  readonly find = async (text: string): Promise<readonly number[]> => {
    const answer = await this.#ask({ type: 'find', text });
    return answer.type === 'found' ? answer.firsts : [];
  };

  readonly contents = async (numbers: readonly number[]): Promise<readonly Content[]> => {
    const answer = await this.#ask({ type: 'contents', numbers });
    return answer.type === 'contents' ? answer.contents : [];
  };

  async block(channel: number, index: number): Promise<Block | undefined> {
    const answer = await this.#ask({ type: 'block', channel, index });
    return answer.type === 'block' ? answer.block : undefined;
  }

  /** On the screens. */
  async findShown(text: string, signal: AbortSignal): Promise<Found> {
    signal.addEventListener('abort', () => this.#port.postMessage({ type: 'stop_finding' } satisfies ToWorker), { once: true });
    const answer = await this.#ask({ type: 'find_shown', text });
    return answer.type === 'found_shown' ? answer.found : { hits: [], cut: false };
  }

  /** @throws when the trust text is no trust file */
  async verify(trust: string, live: boolean, onProgress: (records: number) => void): Promise<VerifyReport> {
    const answer = await this.#ask({ type: 'verify', trust, live }, onProgress);
    if (answer.type !== 'verified') throw new Error('the verifier gave no report');
    return answer.report;
  }

  close(): void {
    this.#worker.terminate();
    this.#port.close();
    this.#abandon(new Error('closed'));
  }

  #ask(question: WithoutId<Question>, onProgress: (records: number) => void = () => undefined): Promise<Answer> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
      this.#port.postMessage({ ...question, id });
    });
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case 'progress':
        return this.#onBytes(message.loadedBytes, message.totalBytes);
      case 'loaded':
        return this.#onLoad?.resolve(message.recording);
      case 'failed':
        // The worker's own count of answers without a sign-in does not reach the page.
        if (message.code === 'unauthenticated') tellSignedOut();
        return this.#onLoad?.reject(new RequestError(message.code, message.message));
      case 'verifying':
        return this.#waiting.get(message.id)?.onProgress(message.records);
      case 'refused':
        this.#waiting.get(message.id)?.reject(new Error(message.message));
        return void this.#waiting.delete(message.id);
      case 'step':
      case 'found':
      case 'contents':
      case 'block':
      case 'found_shown':
      case 'verified':
        this.#waiting.get(message.id)?.resolve(message);
        return void this.#waiting.delete(message.id);
    }
  }

  #abandon(error: Error): void {
    this.#onLoad?.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
