/** Where what flows through a process's channel may be changed or held: the one place for masks over output and for gates over input. */

import type { CommandAnalysis } from '../../policy/shell/types.ts';
import type { MaskPlan } from '../../policy/types.ts';
import type { SshContext } from './context.ts';
import { isBinaryProtocol } from './terminal/binary-protocol.ts';
import { OutputGuard } from './terminal/output-guard.ts';

/** Changes what is shown. It may hold back the end of what it was given until it knows what it is. */
export interface OutputFilter {
  /** @returns what may be shown now @throws when nothing more may be shown */
  write(bytes: Buffer): Buffer;
  /** What was held back; nothing follows. */
  flush(): Buffer;
  /** Nothing is shown any more. */
  end(): void;
  /** What was typed: its echo need not wait. */
  typed(bytes: Uint8Array): void;
  resize(cols: number, rows: number): void;
  /** Values that were masked, by class. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Makes the filter of stdout or stderr. @param late takes bytes that are shown later than their `write` */
export type FilterMaker = (fd: 1 | 2, late: (bytes: Buffer) => void) => OutputFilter;

/** Looks at what is typed before it goes on. */
export interface InputGate {
  /** What goes on at once; resolves when more may come. */
  write(bytes: Buffer): Promise<Buffer> | Buffer;
  /** What the target sent, before any mask. */
  output(bytes: Uint8Array): void;
  resize(cols: number, rows: number): void;
  /** Nothing more goes on. Resolves when a decision that was waited for is withdrawn, and that is recorded. */
  end(): Promise<void> | undefined;
}

/** @param forward takes what goes on later than its `write`; `hidden`: a password */
export type GateMaker = (forward: (bytes: Buffer, hidden: boolean) => void) => InputGate;

/** For what is no text: files, archives, protocols of other programs. */
export const unchanged: FilterMaker = () => ({ write: (bytes) => bytes, flush: () => Buffer.alloc(0), end: () => undefined, typed: () => undefined, resize: () => undefined, counts: new Map() });

export interface Filtered {
  readonly channel: number;
  readonly plan: MaskPlan;
  readonly pty: { readonly cols: number; readonly rows: number } | undefined;
  /** Of an exec; absent for a shell. */
  readonly command: CommandAnalysis | undefined;
}

/** The masks over what a process shows. */
export function masked(context: SshContext, { channel, plan, pty, command }: Filtered): FilterMaker {
  const protocol = pty === undefined && command !== undefined && isBinaryProtocol(command.commands);
  return (fd, late) => {
    // What such a program says to people on stderr is text.
    if (protocol && fd === 1) return unchanged(fd, late);
    return new OutputGuard({
      plan,
      masks: context.masks,
      // A window whose size is not known is taken for the usual one.
      ...(pty === undefined ? {} : { terminal: { cols: pty.cols || 80, rows: pty.rows || 24 } }),
      emit: late,
      exposed: (classIds) => context.journal.exposed(channel, classIds),
      failed: (error) => context.fail(error),
    });
  };
}

export const open: GateMaker = () => ({ write: (bytes) => bytes, output: () => undefined, resize: () => undefined, end: () => undefined });
