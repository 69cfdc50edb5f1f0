/** What every slice's handlers are given. */
import type { Slice, SliceEvent } from '../../contract/ipc/slice.ts';
import type { Settings } from '../../contract/ipc/settings.ts';
import type { Log } from '../app/log.ts';
import type { IpcHost } from '../ipc/handle.ts';
import type { Work } from '../work/work.ts';

export interface SliceContext {
  readonly host: IpcHost;
  readonly log: Log;
  /** @throws EnvironmentError when nobody is signed in */
  need(): Work;
  /** Sends an event to the app's window. */
  emit<S extends Slice, K extends keyof S['events'] & string>(slice: S, event: K, payload: SliceEvent<S, K>): void;
  settings(): Settings;
}

/** Shows where to save; undefined when the person changed their mind. `extension` '': any. */
export type AskWhere = (suggestedName: string, extension: string) => Promise<string | undefined>;
