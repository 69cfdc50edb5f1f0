/**
 * Keeps the policy of this device current: looks at the store's repository each minute and when it is told to, takes
 * what TUF and the activation gate let through, and keeps the last good bundle otherwise. It knows nothing of windows,
 * sessions or targets: whoever runs it is told what is in force.
 */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { BugError, EnvironmentError, messageOf } from '../../base/errors.ts';
import type { SessionId } from '../../base/ids.ts';
import type { BundleReport } from '../../contract/store/index.ts';
import { signStatement } from '../../evidence/sign.ts';
import type { TufVersions } from '../../evidence/types.ts';
import { admitBundle, type Admitted } from '../../policy/bundle/admit.ts';
import { RecentRequests } from '../../policy/simulate/recent.ts';
import type { PolicyEngine } from '../../policy/types.ts';
import { endsMs, fetchTarget, noFloors, raiseFloors, refresh, RepositoryRefused, type RepositoryFetch, type View } from '../../tuf/client.ts';
import { nameOf } from '../../tuf/keys.ts';
import { signersOf, STOP_TARGET, tufLimits } from '../../tuf/metadata.ts';
import { choose, type Choice, type Listing } from '../../tuf/ring.ts';
import { BundleCache, NoBundleYet, type Pin } from './bundle-cache.ts';
import { readState, writeState, type ActiveRecord, type PolicyState } from './bundle-state.ts';
import type { Device } from './device.ts';
import type { PolicyInForce } from './runtime.ts';
import { StoreRefusal } from './store-client-http.ts';

export interface UpdaterOptions {
  /** `policy/` (the cache) and `policy-state.json` are made in it. */
  readonly dataDir: string;
  readonly device: Device;
  readonly clock: Clock;
  /** The root that this device was given out of band. */
  readonly pin: Pin;
  readonly ring: string;
  /** This program's version. */
  readonly agent: string;
  readonly read: RepositoryFetch;
  /** Sends a report's envelope. @throws EnvironmentError when the store is away: it is sent later. */
  report(envelope: string): Promise<void>;
}

/** Told after each change of what is in force. `endRunning`: open sessions end, and why. */
export type PolicyListener = (policy: PolicyInForce, endRunning: string | undefined) => void;

export type UpdaterNews =
  | { readonly event: 'policy.activated'; readonly name: string; readonly serial: number; readonly bundle: string; readonly ring: string; readonly tuf: TufVersions }
  | { readonly event: 'policy.refused'; readonly reason: string }
  | { readonly event: 'policy.degraded'; readonly why: 'expired' | 'stopped'; readonly reason: string }
  | { readonly event: 'policy.restored'; readonly bundle: string };

export interface ActivePolicy {
  readonly admitted: Admitted;
  readonly record: ActiveRecord;
  /** What sessions are given: the same engine, remembering what it was asked. */
  readonly engine: PolicyEngine;
}

export interface UpdaterStatus {
  readonly ring: string;
  readonly mode: 'none' | 'normal' | 'expired' | 'stopped';
  readonly active: ActiveRecord | undefined;
  readonly endsMs: number;
  readonly lastCheckMs: number | undefined;
  /** When the store's repository was last verified, in this run of the program or an earlier one. */
  readonly verifiedMs: number | undefined;
  /** Why the last look brought nothing new though it should have. */
  readonly error: string | undefined;
  /** `error` is not an outage: the store was reached, and what it has does not verify. */
  readonly refused: boolean;
  readonly skipped: Choice['skipped'];
  /** SHA-256 of the root that this device was told to trust. */
  readonly rootSha256: string;
}

const POLL_MS = 60_000;
/** Devices that are told at once do not all come at once. */
const HINT_SPREAD_MS = 1_000;
const MAX_PENDING = 50;

export class BundleUpdater {
  readonly #o: UpdaterOptions;
  readonly #cache: BundleCache;
  readonly #stateFile: string;
  readonly #recent = new RecentRequests();
  readonly #news: ((news: UpdaterNews) => void)[] = [];
  #listener: PolicyListener = () => undefined;
  #state: PolicyState;
  #active: ActivePolicy | undefined;
  #mode: UpdaterStatus['mode'] = 'none';
  #lastCheckMs: number | undefined;
  #error: string | undefined;
  #refused = false;
  #skipped: Choice['skipped'] = [];
  #checking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  private constructor(o: UpdaterOptions, state: PolicyState) {
    this.#o = o;
    this.#stateFile = stateFileOf(o.dataDir);
    this.#cache = new BundleCache(path.join(o.dataDir, 'policy'), o.pin);
    this.#state = state;
  }

  /**
   * Reads what this device remembers, and its last verified bundle. No network.
   * @throws ConfigError for a state that is not this device's; BundleError never: a cached bundle that no longer passes is fetched anew
   */
  static async open(o: UpdaterOptions): Promise<BundleUpdater> {
    mkdirSync(o.dataDir, { recursive: true, mode: 0o700 });
    const found = await readState(stateFileOf(o.dataDir), o.device);
    // The configuration says whom to trust: another root there is another beginning.
    const state = found?.pin === o.pin.sha256 ? found : undefined;
    if (state === undefined) rmSync(path.join(o.dataDir, 'policy'), { recursive: true, force: true });
    const updater = new BundleUpdater(o, state ?? { v: 1, device_id: o.device.id, ring: o.ring, pin: o.pin.sha256, floors: noFloors, serial: 0, ends_ms: 0, seen_ms: 0, pending: [] });
    await updater.#restore();
    return updater;
  }

  /** What decides now; undefined when this device has never had a bundle, or lost its cache. */
  get inForce(): PolicyInForce | undefined {
    const active = this.#active;
    if (active === undefined) return undefined;
    if (this.#mode === 'normal') return { engine: active.engine, tuf: active.record.tuf };
    return { engine: active.admitted.compiled.breakGlass, tuf: active.record.tuf, breakGlass: this.#why() };
  }

  get active(): ActivePolicy | undefined {
    return this.#active;
  }

  get status(): UpdaterStatus {
    const { ends_ms, seen_ms, pin } = this.#state;
    return { ring: this.#o.ring, mode: this.#mode, active: this.#active?.record, endsMs: ends_ms, lastCheckMs: this.#lastCheckMs, verifiedMs: seen_ms === 0 ? undefined : seen_ms, error: this.#error, refused: this.#refused, skipped: this.#skipped, rootSha256: pin };
  }

  onChange(listener: PolicyListener): void {
    this.#listener = listener;
  }

  onNews(listener: (news: UpdaterNews) => void): void {
    this.#news.push(listener);
  }

  /** Looks each minute from now on. */
  start(): void {
    this.#plan(POLL_MS * (0.9 + Math.random() * 0.2));
  }

  /** The store has said that there is something new. A hint only: a false one costs a look. */
  hint(): void {
    if (!this.#stopped) this.#plan(Math.random() * HINT_SPREAD_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#checking;
  }

  /** One look at the store. Never throws: what went wrong is in `status` and in the news. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /** Break-glass was used: security hears of it, now or when the store is reached again. */
  reportBreakGlass(session: SessionId, reason: string): void {
    this.#queue('break_glass', reason, this.#active?.record, session);
    this.#save();
    void this.#flush();
  }

  /** A look of its own: one that is under way may have read the store before what this one is for. */
  async #nextCheck(): Promise<void> {
    await this.#checking;
    await this.check();
  }

  #plan(afterMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    // A bundle that ends before the next look ends on time.
    const untilEnd = this.#mode === 'normal' ? this.#state.ends_ms - this.#nowMs() : Number.POSITIVE_INFINITY;
    this.#timer = setTimeout(() => void this.#nextCheck().finally(() => this.start()), Math.max(0, Math.min(afterMs, untilEnd)));
    this.#timer.unref();
  }

  #nowMs(): number {
    return Math.max(this.#o.clock.nowMs(), this.#state.seen_ms);
  }

  async #restore(): Promise<void> {
    const record = this.#state.active;
    const archive = record === undefined ? undefined : this.#cache.bundle(record);
    if (record === undefined || archive === undefined) return;
    try {
      const admitted = await admitBundle(archive, { bundle: record.custom.bundle, serial: record.custom.serial, agent: this.#o.agent, recent: [], current: undefined });
      this.#active = { admitted, record, engine: this.#recent.watching(admitted.compiled.engine) };
      this.#settle(undefined);
    } catch (error) {
      this.#error = messageOf(error);
    }
  }

  async #check(): Promise<void> {
    try {
      await this.#look();
      this.#error = undefined;
      this.#refused = false;
    } catch (error) {
      const why = messageOf(error);
      const isAway = error instanceof EnvironmentError && !(error instanceof RepositoryRefused);
      if (!isAway && why !== this.#error) {
        this.#queue('refused', why, this.#active?.record);
        this.#tell({ event: 'policy.refused', reason: why });
      }
      this.#error = why;
      this.#refused = !isAway && !(error instanceof NoBundleYet);
    }
    this.#lastCheckMs = this.#o.clock.nowMs();
    this.#settle(undefined);
    this.#save();
    await this.#flush();
  }

  async #look(): Promise<void> {
    const { ring, read } = this.#o;
    // Only to say it in other words: without a timestamp nothing is verified either way.
    if (this.#state.floors.timestamp === 0 && (await read('metadata/timestamp.json', tufLimits.timestampBytes)) === undefined) throw new NoBundleYet('no policy has been pushed to the store yet');
    const stage = await this.#cache.stage(read);
    let view: View;
    try {
      view = await refresh({ dir: stage.dir, fetch: read, ring, nowMs: this.#nowMs() });
    } catch (error) {
      // A root that was verified counts from then on, whatever came after it (specification section 5.3.8).
      const root = stage.keepRoot();
      if (root > this.#state.floors.root) this.#state = { ...this.#state, floors: { ...this.#state.floors, root } };
      throw error;
    }
    const floors = raiseFloors(view, this.#state.floors);
    const serial = floors.authority.targets === this.#state.floors.authority.targets ? this.#state.serial : 0;
    stage.keep();
    const stop = view.targets.signed.targets[STOP_TARGET]?.custom;
    this.#state = { ...this.#state, ring, floors, serial, ends_ms: endsMs(view), stop, seen_ms: this.#nowMs() };
    const { listing, skipped } = choose(view.ringTargets.signed, { deviceId: this.#o.device.id, agent: this.#o.agent, nowMs: this.#nowMs() });
    this.#skipped = skipped;
    if (listing === undefined) {
      if (this.#active === undefined) throw new NoBundleYet(`ring ${ring} has no bundle for this device${skipped.map((s) => `; ${s.serial} ${s.why}`).join('')}`);
      return;
    }
    await this.#take(view, listing);
  }

  /** Activates a listing unless it is what decides already, or older than that. */
  async #take(view: View, listing: Listing): Promise<void> {
    const active = this.#active;
    const { serial, bundle } = listing.custom;
    const tuf = versionsOf(view);
    if (active?.record.sha256 === listing.sha256) {
      this.#active = { ...active, record: { ...active.record, tuf, custom: listing.custom } };
      this.#state = { ...this.#state, active: this.#active.record };
      return;
    }
    // A device that changed to a slower ring keeps what it has until that ring has caught up.
    if (active !== undefined && serial < this.#state.serial) return;
    // With the cache gone, the very bundle that decided here last is the only one of its serial.
    if (serial <= this.#state.serial && listing.sha256 !== this.#state.active?.sha256) throw new RepositoryRefused(`serial ${serial} of ring ${view.ring} is not higher than ${this.#state.serial}, which has decided here`);
    const archive = await fetchTarget(this.#o.read, listing);
    const admitted = await admitBundle(archive, { bundle, serial, agent: this.#o.agent, recent: this.#recent.all, current: active?.admitted.compiled.engine });
    const record: ActiveRecord = { path: listing.path, sha256: listing.sha256, length: listing.length, custom: listing.custom, name: admitted.compiled.engine.name, tuf, signers: signerNames(view), activated_ms: this.#o.clock.nowMs() };
    this.#cache.keepBundle(record, archive);
    this.#state = { ...this.#state, active: record, serial: Math.max(serial, this.#state.serial) };
    this.#active = { admitted, record, engine: this.#recent.watching(admitted.compiled.engine) };
    this.#queue('activated', `asked ${admitted.shadow.asked} recent requests again, ${admitted.shadow.changed} are decided otherwise`, record);
    // On the disk before it decides: a crash in between must not bring the older bundle back.
    this.#save();
    this.#cache.forgetAllBut(record);
    this.#settle(admitted.compiled.runningSessions === 'end' && active !== undefined ? 'the policy has changed: connect again' : undefined, true);
    this.#tell({ event: 'policy.activated', name: record.name, serial, bundle, ring: view.ring, tuf });
  }

  /** Brings the mode up to date and tells when something is different. */
  #settle(endRunning: string | undefined, isNew = false): void {
    const before = this.#mode;
    const next = this.#active === undefined ? 'none' : this.#state.stop !== undefined ? 'stopped' : this.#nowMs() >= this.#state.ends_ms ? 'expired' : 'normal';
    this.#mode = next;
    const policy = this.inForce;
    if (policy === undefined || (next === before && !isNew)) return;
    const changed = next !== before && before !== 'none';
    this.#listener(policy, changed ? (policy.breakGlass ?? 'the policy is valid again: connect again') : endRunning);
    if (next === 'normal') {
      if (changed) this.#tell({ event: 'policy.restored', bundle: policy.engine.digest });
    } else if (next !== 'none' && next !== before) {
      this.#queue('degraded', this.#why(), this.#active?.record);
      this.#tell({ event: 'policy.degraded', why: next, reason: this.#why() });
    }
  }

  #why(): string {
    if (this.#mode === 'stopped') return `security has stopped all work: ${this.#state.stop?.reason ?? ''}`;
    return `the signed policy ended ${new Date(this.#state.ends_ms).toISOString()} and no newer one could be had`;
  }

  #queue(outcome: BundleReport['outcome'], reason: string, about: ActiveRecord | undefined, session?: SessionId): void {
    const { device, ring, agent, clock } = this.#o;
    const bundle = about === undefined ? {} : { bundle: { sha256: about.custom.bundle.replace('sha256:', ''), name: about.name, serial: about.custom.serial }, tuf: about.tuf };
    const report = { v: 1 as const, device_id: device.id, t: clock.nowMs(), outcome, ring, ...bundle, reason: reason.slice(0, 2_000), ...(session === undefined ? {} : { session_id: session }), agent };
    this.#state = { ...this.#state, pending: [...this.#state.pending, signStatement('bundle', report, device.signer)].slice(-MAX_PENDING) };
  }

  #save(): void {
    try {
      writeState(this.#stateFile, this.#o.device, this.#state);
    } catch (error) {
      this.#error = `what was seen of the policy could not be saved: ${messageOf(error)}`;
    }
  }

  async #flush(): Promise<void> {
    const [next] = this.#state.pending;
    if (next === undefined) return;
    try {
      await this.#o.report(next);
    } catch (error) {
      // What the store has understood and refused would be refused for ever, and hold up what comes after it.
      if (!(error instanceof StoreRefusal && (error.refusal === 'unprocessable' || error.refusal === 'bad_request'))) return;
    }
    this.#state = { ...this.#state, pending: this.#state.pending.filter((e) => e !== next) };
    this.#save();
    await this.#flush();
  }

  #tell(news: UpdaterNews): void {
    for (const listener of this.#news) listener(news);
  }
}

export const stateFileOf = (dataDir: string): string => path.join(dataDir, 'policy-state.json');

const versionsOf = (v: View): TufVersions => ({
  root: v.root.signed.version,
  timestamp: v.timestamp.signed.version,
  snapshot: v.snapshot.signed.version,
  targets: v.targets.signed.version,
  ring: v.ringTargets.signed.version,
});

function signerNames(view: View): string[] {
  const { delegations } = view.targets.signed;
  const role = delegations.roles.find((r) => r.name === view.ring);
  if (role === undefined) throw new BugError('a verified view delegates its ring');
  return signersOf(view.ringTargets, delegations.keys, role).flatMap((id) => {
    const key = delegations.keys[id];
    return key === undefined ? [] : [nameOf(key)];
  });
}
