/**
 * Reads a terminal's output: characters, controls, escape sequences. Follows ECMA-48 and the states of DEC's VT500
 * parser; UTF-8 as RFC 3629. Nothing is changed and nothing can fail: every byte belongs to exactly one event, and bytes
 * that are not UTF-8 are characters of Latin-1. The text of control strings (OSC, DCS, APC, PM, SOS) is reported too,
 * because it reaches the client.
 */
import { bounds } from './bounds.ts';

/** Offsets count the bytes of the stream; `end` is exclusive. */
export interface VtEvents {
  char(code: number, start: number, end: number): void;
  /** A C0 control or DEL. */
  control(code: number, start: number): void;
  /** A control sequence, `params` (prefix and intermediates among them) as sent, cut at `bounds.controlBytes`; `start` is its first byte. */
  csi(final: number, params: string, start: number, end: number): void;
  /** Another escape sequence without intermediate bytes, by its final byte; `end` is after that. */
  escape(final: number, end: number): void;
  /** An escape sequence with one intermediate byte: a character set, or how lines are shown. */
  designate(intermediate: number, final: number, end: number): void;
  stringChar(code: number, start: number, end: number): void;
  stringEnd(): void;
}

type State = 'ground' | 'escape' | 'csi' | 'string';

const CAN = 0x18;
const SUB = 0x1a;
const ESC = 0x1b;

export class VtReader {
  readonly #events: VtEvents;
  #state: State = 'ground';
  #params = '';
  /** Where the sequence that is being read begins. */
  #from = 0;
  /** Of an escape sequence, which chooses a character set or the like then: its final byte means nothing else. */
  #intermediate = 0;
  /** Only these strings end with BEL. */
  #osc = false;
  /** An unfinished UTF-8 character: its bytes, and where it begins. */
  #partial: number[] = [];
  #needed = 0;
  #partialAt = 0;

  constructor(events: VtEvents) {
    this.#events = events;
  }

  /** No escape sequence and no character is unfinished. */
  get atRest(): boolean {
    return this.#state === 'ground' && this.#partial.length === 0;
  }

  /** Where an unfinished character begins. */
  get partialAt(): number | undefined {
    return this.#partial.length === 0 ? undefined : this.#partialAt;
  }

  /** Where an unfinished control sequence begins. Those with a text (OSC and the like) are not meant. */
  get sequenceAt(): number | undefined {
    return this.#state === 'escape' || this.#state === 'csi' ? this.#from : undefined;
  }

  /** @param offset of `bytes[0]` in the stream */
  feed(bytes: Uint8Array, offset: number): void {
    for (let i = 0; i < bytes.length; i++) this.#byte(bytes[i] ?? 0, offset + i);
  }

  /** An unfinished character is taken as single bytes: what completes it comes too late. */
  giveUpPartial(): void {
    const bytes = this.#partial;
    this.#partial = [];
    for (const [i, byte] of bytes.entries()) this.#code(byte, this.#partialAt + i, this.#partialAt + i + 1);
  }

  /** What is unfinished stays so: what is fed next is no part of it. */
  abandon(): void {
    this.giveUpPartial();
    this.#leaveString();
    this.#state = 'ground';
  }

  #byte(byte: number, at: number): void {
    if (this.#partial.length > 0) {
      if (byte >= 0x80 && byte < 0xc0 && this.#fits(byte)) {
        this.#partial.push(byte);
        if (this.#partial.length === this.#needed) this.#complete(at + 1);
        return;
      }
      this.giveUpPartial();
    }
    if (byte < 0x80) this.#code(byte, at, at + 1);
    else if (byte >= 0xc2 && byte < 0xf5) {
      this.#partial.push(byte);
      this.#needed = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      this.#partialAt = at;
    } else this.#code(byte, at, at + 1);
  }

  /** The second byte rules out overlong forms, surrogates and what is beyond U+10FFFF. */
  #fits(byte: number): boolean {
    if (this.#partial.length > 1) return true;
    switch (this.#partial[0]) {
      case 0xe0:
        return byte >= 0xa0;
      case 0xed:
        return byte < 0xa0;
      case 0xf0:
        return byte >= 0x90;
      case 0xf4:
        return byte < 0x90;
      default:
        return true;
    }
  }

  #complete(end: number): void {
    const [lead = 0, ...rest] = this.#partial;
    let code = lead & (0xff >> (this.#needed + 1));
    for (const byte of rest) code = (code << 6) | (byte & 0x3f);
    const start = this.#partialAt;
    this.#partial = [];
    if (code >= 0x80 && code < 0xa0 && this.#c1(code)) return;
    this.#code(code, start, end);
  }

  /** C1 controls as two bytes of UTF-8 mean what ESC and a letter mean. */
  #c1(code: number): boolean {
    switch (code) {
      case 0x9b:
        this.#leaveString();
        this.#state = 'csi';
        this.#params = '';
        this.#from = this.#partialAt;
        return true;
      case 0x90:
      case 0x98:
      case 0x9d:
      case 0x9e:
      case 0x9f:
        this.#leaveString();
        this.#state = 'string';
        this.#osc = code === 0x9d;
        return true;
      case 0x9c:
        this.#leaveString();
        this.#state = 'ground';
        return true;
      case 0x84:
      case 0x85:
      case 0x88:
        if (this.#state !== 'ground') return false;
        this.#events.escape(code - 0x40, this.#partialAt + 2);
        return true;
      default:
        return false;
    }
  }

  #leaveString(): void {
    if (this.#state === 'string') this.#events.stringEnd();
  }

  #code(code: number, start: number, end: number): void {
    if (code === ESC || code === CAN || code === SUB) {
      this.#leaveString();
      this.#state = code === ESC ? 'escape' : 'ground';
      this.#from = start;
      this.#intermediate = 0;
      return;
    }
    switch (this.#state) {
      case 'ground':
        if (code < 0x20 || code === 0x7f) this.#events.control(code, start);
        else this.#events.char(code, start, end);
        return;
      case 'escape':
        this.#escape(code, start, end);
        return;
      case 'csi':
        this.#csi(code, start, end);
        return;
      case 'string':
        if (code === 0x07 && this.#osc) {
          this.#events.stringEnd();
          this.#state = 'ground';
        } else this.#events.stringChar(code, start, end);
        return;
    }
  }

  #escape(code: number, start: number, end: number): void {
    if (code < 0x20 || code === 0x7f) this.#events.control(code, start);
    else if (code < 0x30) this.#intermediate = this.#intermediate === 0 ? code : -1;
    else if (this.#intermediate !== 0) {
      this.#state = 'ground';
      // Not a sequence at all: a character is shown.
      if (code >= 0x7f) this.#events.char(code, start, end);
      else this.#events.designate(this.#intermediate, code, end);
    } else if (code === 0x5b) {
      this.#state = 'csi';
      this.#params = '';
    } else if (code === 0x5d || code === 0x50 || code === 0x58 || code === 0x5e || code === 0x5f) {
      this.#state = 'string';
      this.#osc = code === 0x5d;
    } else {
      this.#state = 'ground';
      if (code >= 0x7f) this.#events.char(code, start, end);
      else this.#events.escape(code, end);
    }
  }

  #csi(code: number, start: number, end: number): void {
    if (code < 0x20 || code === 0x7f) this.#events.control(code, start);
    else if (code < 0x40) {
      if (this.#params.length < bounds.controlBytes) this.#params += String.fromCharCode(code);
    } else {
      this.#state = 'ground';
      if (code >= 0x7f) this.#events.char(code, start, end);
      else this.#events.csi(code, this.#params, this.#from, end);
    }
  }
}
