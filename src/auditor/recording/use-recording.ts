/** One recording, loaded by its own worker for as long as it is on screen. */
import { useCallback, useEffect, useState } from 'react';
import { RecordingClient } from './client.ts';
import type { LoadedRecording } from './protocol.ts';

export type RecordingState =
  | { readonly state: 'loading'; readonly loadedBytes: number; readonly totalBytes: number }
  | { readonly state: 'ready'; readonly recording: LoadedRecording; readonly client: RecordingClient }
  | { readonly state: 'failed'; readonly error: unknown };

const nothing: RecordingState = { state: 'loading', loadedBytes: 0, totalBytes: 0 };

/** @param session stays the same as long as the component lives: give the component the session as its key */
export function useRecording(session: string): { readonly state: RecordingState; readonly reload: () => void } {
  const [round, setRound] = useState(0);
  const [answer, setAnswer] = useState<{ readonly round: number; readonly state: RecordingState }>({ round, state: nothing });
  useEffect(() => {
    const client = new RecordingClient();
    let current = true;
    const give = (state: RecordingState): void => {
      if (current) setAnswer({ round, state });
    };
    client
      .load(session, (loadedBytes, totalBytes) => give({ state: 'loading', loadedBytes, totalBytes }))
      .then(
        (recording) => give({ state: 'ready', recording, client }),
        (error: unknown) => give({ state: 'failed', error }),
      );
    return () => {
      current = false;
      client.close();
    };
  }, [session, round]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  return { state: answer.round === round ? answer.state : nothing, reload };
}
