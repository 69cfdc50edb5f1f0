/** What a session's terminals showed, read page by page while the person already looks at it. */
import { useEffect, useState } from 'react';
import { Tape, type TapeInfo } from '../../ui/terminal/tape.ts';
import { api, ask } from '../api.ts';

export interface ReadTape {
  readonly tape: Tape;
  readonly info: TapeInfo;
  readonly isReading: boolean;
  /** Why the reading stopped before the end. */
  readonly error: unknown;
}

const begun = (): ReadTape => ({ tape: new Tape(), info: { channels: [], activity: [] }, isReading: true, error: undefined });

/** @param id stays the same as long as the component lives: give the component the session as its key */
export function useTape(id: string): ReadTape {
  const [state, setState] = useState(begun);
  useEffect(() => {
    let current = true;
    const { tape } = begun();
    const give = (isReading: boolean, error?: unknown): void => {
      if (current) setState({ tape, info: tape.info, isReading, error });
    };
    const read = async (): Promise<void> => {
      let after: number | null = null;
      do {
        const page: { readonly events: Parameters<Tape['add']>[0][]; readonly after: number | null } = await ask(api.sessions.shown({ id, after }));
        for (const shown of page.events) tape.add(shown);
        await tape.settled();
        after = page.after;
        give(after !== null);
      } while (current && after !== null);
      tape.end();
    };
    read().catch((error: unknown) => give(false, error));
    return () => {
      current = false;
    };
  }, [id]);
  return state;
}
