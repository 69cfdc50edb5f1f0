/** What the page and its recording worker say to each other. One worker holds one recording. */
import type { VerifyReport } from '../../contract/ipc/sessions.ts';
import type { OpenStatement } from '../../evidence/types.ts';
import type { Block } from '../../ui/terminal/channel-tape.ts';
import type { Found, TapeInfo } from '../../ui/terminal/tape.ts';
import type { Step } from '../../ui/timeline.ts';

export type ToWorker =
  | { readonly type: 'load'; readonly session: string }
  /** The step that begins with this record, with the rows of its results. */
  | { readonly type: 'step'; readonly id: number; readonly first: number }
  /** What the records with these numbers hold, content by content. */
  | { readonly type: 'contents'; readonly id: number; readonly numbers: readonly number[] }
  /** `text` in lower case. */
  | { readonly type: 'find'; readonly id: number; readonly text: string }
  /** A block of what a channel showed. */
  | { readonly type: 'block'; readonly id: number; readonly channel: number; readonly index: number }
  /** What the screens showed; ends the question before it. `text` in lower case. */
  | { readonly type: 'find_shown'; readonly id: number; readonly text: string }
  | { readonly type: 'stop_finding' }
  /** `trust`: the text of a trust file. `live`: the session may lack its end. */
  | { readonly type: 'verify'; readonly id: number; readonly trust: string; readonly live: boolean };

/** One content of a record: what a redaction takes out, whole. */
export interface Content {
  readonly n: number;
  /** Kind of the record: `sql.query`. */
  readonly kind: string;
  readonly field: string;
  /** Its beginning; undefined when it is not there. */
  readonly text: string | undefined;
}

export interface LoadedRecording {
  /** Without the rows of results. */
  readonly steps: readonly Step[];
  /** What its terminals showed. */
  readonly tape: TapeInfo;
  /** As the recording itself says it; undefined when it cannot be read. Proved only by verification. */
  readonly open: OpenStatement | undefined;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Why the reading stopped before the end. */
  readonly unreadable: string | undefined;
}

export type FromWorker =
  | { readonly type: 'progress'; readonly loadedBytes: number; readonly totalBytes: number }
  | { readonly type: 'loaded'; readonly recording: LoadedRecording }
  | { readonly type: 'failed'; readonly message: string; readonly code: string }
  | { readonly type: 'step'; readonly id: number; readonly step: Step | undefined }
  | { readonly type: 'contents'; readonly id: number; readonly contents: readonly Content[] }
  | { readonly type: 'found'; readonly id: number; readonly firsts: readonly number[] }
  | { readonly type: 'block'; readonly id: number; readonly block: Block | undefined }
  | { readonly type: 'found_shown'; readonly id: number; readonly found: Found }
  | { readonly type: 'verifying'; readonly id: number; readonly records: number }
  | { readonly type: 'verified'; readonly id: number; readonly report: VerifyReport }
  | { readonly type: 'refused'; readonly id: number; readonly message: string };
