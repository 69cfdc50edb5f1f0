/**
 * What one channel showed, in blocks: each begins with the whole screen, so that any moment is one block away. Blocks are
 * packed; what is not packed is the one that is being written.
 */
import { pack, unpack } from './pack.ts';
import { ReplayScreen, type ScreenState } from './screen.ts';
import { plainScreen, type Shown } from './shown.ts';
import { Tame } from './tame.ts';

/** Characters and events of a block: what is replayed at most to show a moment, but for the event that ends it. */
export const BLOCK_CHARS = 128 * 1024;
export const BLOCK_EVENTS = 4_000;
/** Events that a block may be late by, when it cannot be ended between two halves of a line. */
const LATE_EVENTS = 64;

/** [record, time, text] or [record, time, columns, rows] */
export type TapeEvent = readonly [n: number, tMs: number, text: string] | readonly [n: number, tMs: number, cols: number, rows: number];

export interface Block {
  readonly start: ScreenState;
  readonly events: readonly TapeEvent[];
}

export interface BlockInfo {
  readonly fromMs: number;
  readonly toMs: number;
  readonly firstN: number;
  readonly lastN: number;
  readonly chars: number;
}

export interface ChannelInfo {
  readonly channel: number;
  readonly blocks: readonly BlockInfo[];
}

export const apply = (screen: ReplayScreen, event: TapeEvent): void => (event.length === 3 ? screen.write(event[2]) : screen.resize(event[2], event[3]));

export class ChannelTape {
  readonly channel: number;
  readonly #tame = new Tame();
  readonly #blocks: { readonly info: BlockInfo; data: Block | Uint8Array }[] = [];
  #packing: Promise<void> = Promise.resolve();
  #screen: ReplayScreen | undefined;
  #start: ScreenState;
  #events: TapeEvent[] = [];
  #chars = 0;
  #fed = 0;
  #late = 0;

  constructor(first: Shown) {
    this.channel = first.channel;
    const { cols, rows } = first.kind === 'size' ? first : plainScreen;
    this.#start = { cols, rows, text: '' };
  }

  add(shown: Shown): void {
    if (this.#isFull) this.#endBlock();
    if (shown.kind === 'size') {
      this.#events.push([shown.n, this.#time(shown.tMs), shown.cols, shown.rows]);
      return;
    }
    const text = this.#tame.take(shown.text);
    if (text === '') return;
    this.#events.push([shown.n, this.#time(shown.tMs), text]);
    this.#chars += text.length;
  }

  /** What was added so far, the block that is being written too. */
  info(): ChannelInfo {
    const open = this.#info();
    return { channel: this.channel, blocks: [...this.#blocks.map((b) => b.info), ...(open === undefined ? [] : [open])] };
  }

  async block(index: number): Promise<Block | undefined> {
    const found = this.#blocks[index];
    if (found === undefined) return index === this.#blocks.length ? { start: this.#start, events: [...this.#events] } : undefined;
    return found.data instanceof Uint8Array ? ((await unpack(found.data)) as Block) : found.data;
  }

  /** Resolves when everything that can be packed is. */
  async settled(): Promise<void> {
    await this.#packing;
  }

  /** Nothing more comes. */
  end(): void {
    this.#screen?.dispose();
    this.#screen = undefined;
  }

  get bytes(): number {
    return this.#blocks.reduce((sum, b) => sum + (b.data instanceof Uint8Array ? b.data.length : b.info.chars), 0);
  }

  get #isFull(): boolean {
    return this.#chars >= BLOCK_CHARS || this.#events.length >= BLOCK_EVENTS;
  }

  /** Times of a channel never go back. */
  #time(tMs: number): number {
    return Math.max(tMs, this.#events.at(-1)?.[1] ?? this.#blocks.at(-1)?.info.toMs ?? 0);
  }

  #info(): BlockInfo | undefined {
    const [first] = this.#events;
    const last = this.#events.at(-1);
    return first === undefined || last === undefined ? undefined : { fromMs: first[1], toMs: last[1], firstN: first[0], lastN: last[0], chars: this.#chars };
  }

  /** Ends the block where a screen can be told whole. Channels that fit into one never need a screen here. */
  #endBlock(): void {
    const screen = (this.#screen ??= started(this.#start));
    for (; this.#fed < this.#events.length; this.#fed++) {
      const event = this.#events[this.#fed];
      if (event !== undefined) apply(screen, event);
    }
    if (screen.wraps && this.#late++ < LATE_EVENTS) return;
    const info = this.#info();
    if (info === undefined) return;
    const block: { readonly info: BlockInfo; data: Block | Uint8Array } = { info, data: { start: this.#start, events: this.#events } };
    this.#blocks.push(block);
    this.#packing = this.#packing.then(async () => {
      block.data = await pack(block.data);
    });
    this.#start = screen.state(this.#tame.charset);
    this.#events = [];
    this.#chars = this.#fed = this.#late = 0;
    // From here on both go the same way: what a state cannot tell is then not there for either.
    screen.restore(this.#start);
  }
}

function started(state: ScreenState): ReplayScreen {
  const screen = new ReplayScreen(state.cols, state.rows);
  if (state.text !== '') screen.write(state.text);
  return screen;
}
