/** Requests of a recording that wait for their outcome: bounded, plain JSON, so that a reader can stop and go on. */

/** What was asked of an SSH target. */
export type SshRequestPart =
  | { readonly what: 'exec' | 'line' | 'shell' }
  | { readonly what: 'file'; readonly op: string; readonly path: string; readonly newPath?: string }
  /** `listens`: the address is one of the target's own (ssh -R). */
  | { readonly what: 'forward'; readonly host: string; readonly port: number; readonly listens?: true }
  | { readonly what: 'agent' };

export interface OpenRequest {
  readonly n: number;
  readonly kind: 'query' | 'parse' | 'bind' | 'execute' | 'ssh' | 'other';
  /** Of `ssh`. */
  readonly ssh?: SshRequestPart;
  /** Milliseconds since the epoch. */
  readonly t: number;
  /** The parse of a bind, the bind of a later execute. */
  readonly of?: number;
  /** As people may see it. */
  readonly sql?: string;
  readonly sqlCut?: boolean;
  readonly verbs: readonly string[];
  readonly dec: string;
  readonly pol: readonly string[];
  readonly reason?: string;
  /** Set while the request is in flight. */
  approval?: { readonly id: string; readonly outcome: string };
  copy?: 'in' | 'out';
  /** Results seen; a simple query may have several. */
  results: number;
  /** Its outcome has been told. A parse and a bind stay for what refers to them. */
  told: boolean;
}

/** Of all statements of one session together, so that its state stays small enough for a row. */
const MAX_REQUESTS = 2_000;
const MAX_TEXT = 512 * 1024;

export class OpenRequests {
  readonly #requests = new Map<number, OpenRequest>();
  #text = 0;

  static resume(list: readonly OpenRequest[]): OpenRequests {
    const all = new OpenRequests();
    for (const r of list) all.#put({ ...r });
    return all;
  }

  /** For the next reader. */
  list(): readonly OpenRequest[] {
    return [...this.#requests.values()];
  }

  get(n: number): OpenRequest | undefined {
    return this.#requests.get(n);
  }

  /** @returns requests that had to be forgotten before their outcome came */
  add(r: OpenRequest): OpenRequest[] {
    this.#put(r);
    const lost: OpenRequest[] = [];
    while (this.#requests.size > MAX_REQUESTS || this.#text > MAX_TEXT) {
      const oldest = this.#oldest(r.n);
      if (oldest === undefined) break;
      this.drop(oldest.n);
      if (!oldest.told && inFlight(oldest)) lost.push(oldest);
    }
    return lost;
  }

  drop(n: number): void {
    const r = this.#requests.get(n);
    if (r === undefined) return;
    this.#text -= r.sql?.length ?? 0;
    this.#requests.delete(n);
  }

  /** Those that were sent and never answered. */
  unanswered(): OpenRequest[] {
    return this.list().filter((r) => !r.told && inFlight(r));
  }

  /** The request with the statement's text: itself, or the parse it goes back to. */
  source(r: OpenRequest): OpenRequest {
    let at = r;
    // A bind goes to its parse, an execute to its bind: two steps at most.
    for (let step = 0; step < 2 && at.of !== undefined; step++) at = this.#requests.get(at.of) ?? at;
    return at;
  }

  #put(r: OpenRequest): void {
    this.drop(r.n);
    this.#requests.set(r.n, r);
    this.#text += r.sql?.length ?? 0;
  }

  #oldest(except: number): OpenRequest | undefined {
    let found: OpenRequest | undefined;
    for (const r of this.#requests.values()) {
      if (r.n === except) continue;
      // What has been told goes first: only later executions of it lose their text.
      if (r.told) return r;
      found ??= r;
    }
    return found;
  }
}

/** A parse runs nothing: unless it fails there is nothing to tell of it. */
const inFlight = (r: OpenRequest): boolean => r.kind !== 'parse';
