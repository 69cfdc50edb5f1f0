/** Verification of the recording on screen: by the pinned trust file at once, by the store's own keys when asked. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { VerifyReport } from '../../contract/ipc/sessions.ts';
import { useStore } from '../../ui/store.ts';
import type { RecordingClient } from '../recording/client.ts';
import { loadPinned, pinnedTrust, storeTrust, type TrustFile } from './trust-file.ts';

export type Verification =
  | { readonly phase: 'idle' }
  | { readonly phase: 'running'; readonly records: number }
  | { readonly phase: 'done'; readonly report: VerifyReport; readonly trust: TrustFile }
  | { readonly phase: 'failed'; readonly error: unknown };

export interface Verifier {
  readonly verification: Verification;
  /** Undefined until this browser's storage was looked at, null when nothing is pinned. */
  readonly pinned: TrustFile | null | undefined;
  readonly byPinned: () => void;
  readonly byStore: () => void;
}

export function useVerification(client: RecordingClient | undefined, live: boolean): Verifier {
  const pinned = useStore(pinnedTrust);
  const [verification, setVerification] = useState<Verification>({ phase: 'idle' });
  const run = useRef(0);
  const verify = useCallback(
    async (trustOf: () => Promise<TrustFile>) => {
      if (client === undefined) return;
      const mine = ++run.current;
      const give = (v: Verification): void => {
        if (mine === run.current) setVerification(v);
      };
      give({ phase: 'running', records: 0 });
      try {
        const trust = await trustOf();
        give({ phase: 'done', trust, report: await client.verify(trust.text, live, (records) => give({ phase: 'running', records })) });
      } catch (error) {
        give({ phase: 'failed', error });
      }
    },
    [client, live],
  );
  useEffect(() => void loadPinned(), []);
  // Nobody should have to ask whether evidence holds: with a trust file at hand it is checked as soon as it is there.
  useEffect(() => {
    if (pinned !== undefined && pinned !== null) void verify(() => Promise.resolve(pinned));
  }, [pinned, verify]);
  return {
    verification,
    pinned,
    byPinned: () => {
      if (pinned !== undefined && pinned !== null) void verify(() => Promise.resolve(pinned));
    },
    byStore: () => void verify(() => storeTrust()),
  };
}
