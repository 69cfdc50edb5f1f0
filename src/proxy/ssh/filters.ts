/** Where what flows through a terminal may be changed or held: the one place for masks over output and for gates over input. */

/** Changes what a terminal shows. It may hold back the end of what it was given until it knows what it is. */
export interface OutputFilter {
  write(bytes: Buffer): Buffer;
  /** What was held back; nothing follows. */
  flush(): Buffer;
}

/** Looks at what is typed before it goes on. */
export interface InputGate {
  /** What goes on; resolves when it may. */
  write(bytes: Buffer): Promise<Buffer> | Buffer;
}

export const unchanged: OutputFilter = { write: (bytes) => bytes, flush: () => Buffer.alloc(0) };
export const open: InputGate = { write: (bytes) => bytes };
