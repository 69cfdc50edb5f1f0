/** What a session showed on all its channels, to be looked at at any moment and searched. Grows while it is read. */
import { ChannelTape, type Block, type ChannelInfo } from './channel-tape.ts';
import { ShownFinder, type ShownHit } from './find-shown.ts';
import { Activity, type Span } from './play-clock.ts';
import type { Shown } from './shown.ts';

/** Hits that one search gives at most. */
export const MAX_HITS = 500;

export interface TapeInfo {
  readonly channels: readonly ChannelInfo[];
  /** When something was shown. */
  readonly activity: readonly Span[];
}

export interface Found {
  /** In the order of their times. */
  readonly hits: readonly ShownHit[];
  /** There are more. */
  readonly cut: boolean;
}

/** A tape, wherever it is kept: here, or in a worker. */
export interface TapeAccess {
  block(channel: number, index: number): Promise<Block | undefined>;
  /** @param text in lower case, not empty @param signal a newer question ends this one */
  findShown(text: string, signal: AbortSignal): Promise<Found>;
}

export class Tape implements TapeAccess {
  readonly #channels = new Map<number, ChannelTape>();
  readonly #activity = new Activity();

  /** In the order of the records. */
  add(shown: Shown): void {
    const known = this.#channels.get(shown.channel);
    const tape = known ?? new ChannelTape(shown);
    if (known === undefined) this.#channels.set(shown.channel, tape);
    tape.add(shown);
    this.#activity.add(shown.tMs);
  }

  async settled(): Promise<void> {
    for (const tape of this.#channels.values()) await tape.settled();
  }

  end(): void {
    for (const tape of this.#channels.values()) tape.end();
  }

  /** Of what is kept, packed. */
  get bytes(): number {
    return [...this.#channels.values()].reduce((sum, tape) => sum + tape.bytes, 0);
  }

  get info(): TapeInfo {
    return { channels: [...this.#channels.values()].map((tape) => tape.info()), activity: [...this.#activity.spans] };
  }

  block(channel: number, index: number): Promise<Block | undefined> {
    return this.#channels.get(channel)?.block(index) ?? Promise.resolve(undefined);
  }

  /** Reads the whole tape, block by block; others get a turn between two of them. */
  async findShown(text: string, signal: AbortSignal): Promise<Found> {
    const hits: ShownHit[] = [];
    let cut = false;
    for (const tape of this.#channels.values()) {
      const finder = new ShownFinder(tape.channel, text);
      try {
        const { blocks } = tape.info();
        for (let i = 0; i < blocks.length && !signal.aborted && !cut; i++) {
          const block = await tape.block(i);
          if (block === undefined) break;
          for (const hit of finder.block(block, i === 0)) {
            cut = hits.length >= MAX_HITS;
            if (cut) break;
            hits.push(hit);
          }
          await turn();
        }
      } finally {
        finder.end();
      }
    }
    return { hits: hits.sort((a, b) => a.tMs - b.tMs || a.n - b.n), cut };
  }
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
