/** Signed out, signing in, waiting for an approval or a policy, signed in: the one place that changes it (a union, never two booleans). */
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import type { AuthState } from '../../contract/ipc/auth.ts';
import { describeError, type Log } from '../app/log.ts';
import { toIpcError } from '../ipc/errors.ts';
import type { Work } from '../work/work.ts';
import { Attempt } from './attempt.ts';

export interface SignInOptions {
  readonly storeUrl: string;
  readonly log: Log;
  /** Does the whole sign-in, and tells the attempt how far it is. */
  start(attempt: Attempt): Promise<Work>;
  changed(state: AuthState, work: Work | undefined): void;
}

/** setTimeout's own limit. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class SignInController {
  readonly #o: SignInOptions;
  #state: AuthState;
  #work: Work | undefined;
  #abort: AbortController | undefined;
  #attempt: Attempt | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(options: SignInOptions) {
    this.#o = options;
    this.#state = { phase: 'signed_out', storeUrl: options.storeUrl };
  }

  get state(): AuthState {
    return this.#state;
  }

  get work(): Work | undefined {
    return this.#work;
  }

  /** What the handlers of a signed-in person's calls work with. @throws EnvironmentError env.cancelled */
  need(): Work {
    if (this.#work === undefined) throw new EnvironmentError('env.cancelled', 'sign in first');
    return this.#work;
  }

  signIn(): AuthState {
    if (this.#state.phase !== 'signed_out') return this.#state;
    const abort = new AbortController();
    this.#abort = abort;
    const startedMs = Date.now();
    this.#set({ phase: 'signing_in', startedMs, where: 'browser' });
    const attempt = new Attempt(abort.signal, { where: (where) => this.#set({ phase: 'signing_in', startedMs, where }), waiting: (state) => this.#set(state) });
    this.#attempt = attempt;
    this.#o
      .start(attempt)
      .then(
        (work) => this.#signedIn(work, abort),
        (error: unknown) => this.#failed(error, abort),
      );
    return this.#state;
  }

  #signedIn(work: Work, abort: AbortController): void {
    if (abort.signal.aborted) {
      void work.stop();
      return;
    }
    this.#work = work;
    const { identity } = work;
    this.#expiry = setTimeout(() => void this.signOut('Your sign-in has expired.'), Math.min(MAX_TIMER_MS, Math.max(0, identity.expiresMs - Date.now())));
    this.#expiry.unref();
    const { name, subject, groups, issuer } = identity.principal;
    this.#set({ phase: 'signed_in', name, subject, groups: [...groups], issuer, expiresMs: identity.expiresMs, deviceId: work.device.id, keyProtection: work.keyProtection });
  }

  #failed(error: unknown, abort: AbortController): void {
    if (abort.signal.aborted) return;
    this.#o.log.write('warning', 'sign_in.failed', describeError(error));
    const shape = toIpcError(error);
    this.#set(this.#out(shape.code === 'bug' ? messageOf(error) : [shape.message, shape.fix].filter((x) => x !== undefined).join(' ')));
  }

  cancel(): AuthState {
    if (this.#state.phase !== 'signed_in' && this.#state.phase !== 'signed_out') {
      this.#abort?.abort();
      this.#set(this.#out('You cancelled the sign-in.'));
    }
    return this.#state;
  }

  /** Looks again at what is awaited. */
  retry(): AuthState {
    if (this.#state.phase === 'device_waiting' || this.#state.phase === 'policy_waiting') this.#attempt?.nudge();
    return this.#state;
  }

  /** Tries an administrator's code for the awaited device; what came of it is in the next state. */
  useCode(code: string): AuthState {
    if (this.#state.phase === 'device_waiting') this.#attempt?.nudge({ code: code.trim() });
    return this.#state;
  }

  /** Ends sessions and recordings of this person, then forgets the tokens. */
  async signOut(message?: string): Promise<AuthState> {
    this.#abort?.abort();
    clearTimeout(this.#expiry);
    const work = this.#work;
    this.#work = undefined;
    this.#set(this.#out(message));
    await work?.stop();
    return this.#state;
  }

  #out(message?: string): AuthState {
    return { phase: 'signed_out', storeUrl: this.#o.storeUrl, ...(message === undefined ? {} : { message }) };
  }

  #set(state: AuthState): void {
    this.#state = state;
    this.#o.changed(state, this.#work);
  }
}
