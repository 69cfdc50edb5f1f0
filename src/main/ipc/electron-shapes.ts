/**
 * The few parts of Electron that the IPC wrapper touches, as structural types: the wrapper is given the real
 * objects by main and small fakes by its tests, and so runs without Electron.
 */

export interface FrameLike {
  /** Full URL of the document in the frame; empty for a frame that has not committed a navigation. */
  readonly url: string;
}

export interface WebContentsLike {
  readonly id: number;
  readonly mainFrame: FrameLike;
  isDestroyed(): boolean;
  send(channel: string, payload: unknown): void;
}

export interface InvokeEventLike {
  readonly sender: WebContentsLike;
  /** Null when the frame went away while the message was on its way. */
  readonly senderFrame: FrameLike | null;
}

export interface IpcMainLike {
  handle(channel: string, listener: (event: InvokeEventLike, ...args: unknown[]) => Promise<unknown>): void;
  removeHandler(channel: string): void;
}
