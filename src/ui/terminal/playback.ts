/** Keeps a screen at a moment of a tape: goes on from where it stands where it can, else from the beginning of a block. */
import { apply, type Block, type ChannelInfo } from './channel-tape.ts';
import { lastBelow } from './play-clock.ts';
import type { ReplayScreen } from './screen.ts';

/** Blocks that are kept at hand, unpacked. */
const KEPT_BLOCKS = 4;

export interface Moment {
  readonly channel: ChannelInfo;
  readonly tMs: number;
}

export class Playback {
  readonly #screen: ReplayScreen;
  readonly #load: (channel: number, index: number) => Promise<Block | undefined>;
  readonly #kept = new Map<string, Block>();
  #at: { readonly channel: number; readonly block: number; next: number; tMs: number } | undefined;
  #asked = 0;
  /** Characters that were written for the last moment, and the record that was shown last. */
  replayed = 0;
  shownN: number | undefined;

  constructor(screen: ReplayScreen, load: (channel: number, index: number) => Promise<Block | undefined>) {
    this.#screen = screen;
    this.#load = load;
  }

  /** @returns whether this moment is on the screen; false when another was asked for meanwhile */
  async show({ channel, tMs }: Moment): Promise<boolean> {
    const asked = ++this.#asked;
    const index = Math.max(0, lastBelow(channel.blocks.length, (i) => (channel.blocks[i]?.fromMs ?? 0) <= tMs));
    const isOpen = index === channel.blocks.length - 1;
    const block = await this.#block(channel.channel, index, isOpen ? channel.blocks[index]?.lastN : undefined);
    if (asked !== this.#asked) return false;
    this.replayed = 0;
    if (block === undefined) return false;
    const at = this.#at;
    // Events are the same from the beginning of a block however long it has become.
    const goesOn = at?.channel === channel.channel && at.block === index && at.tMs <= tMs;
    if (!goesOn) {
      this.#screen.restore(block.start);
      this.replayed += block.start.text.length;
      this.shownN = undefined;
    }
    let next = goesOn ? at.next : 0;
    for (; next < block.events.length; next++) {
      const event = block.events[next];
      if (event === undefined || event[1] > tMs) break;
      apply(this.#screen, event);
      if (event.length === 3) this.replayed += event[2].length;
      this.shownN = event[0];
    }
    this.#at = { channel: channel.channel, block: index, next, tMs };
    return true;
  }

  /** The last block of a tape that is still being read grows: it is loaded again when it has. */
  async #block(channel: number, index: number, lastN: number | undefined): Promise<Block | undefined> {
    const key = `${channel} ${index} ${lastN ?? ''}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const block = await this.#load(channel, index);
    if (block === undefined) return undefined;
    this.#kept.set(key, block);
    const oldest = this.#kept.size > KEPT_BLOCKS ? this.#kept.keys().next().value : undefined;
    if (oldest !== undefined) this.#kept.delete(oldest);
    return block;
  }
}

/** When a record was shown, for who jumps to it; undefined when no channel of these shows it. */
export async function timeOfRecord(channels: readonly ChannelInfo[], n: number, load: (channel: number, index: number) => Promise<Block | undefined>): Promise<{ readonly channel: number; readonly tMs: number } | undefined> {
  for (const { channel, blocks } of channels) {
    const index = blocks.findIndex((b) => b.firstN <= n && n <= b.lastN);
    const block = index < 0 ? undefined : await load(channel, index);
    const event = block?.events.find((e) => e[0] === n);
    if (event !== undefined) return { channel, tMs: event[1] };
  }
  return undefined;
}
