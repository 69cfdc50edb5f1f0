/** Asks for the decision a moment after the last key. One question at a time: an answer to an older text is of no use. */
import { useCallback, useEffect, useRef } from 'react';
import { dryRunAnswered, dryRunEdited, dryRunFailed } from '../../ui/dry-run.ts';
import { api, ask, explain } from '../api.ts';
import { updateTab, workbench } from './workbench-store.ts';

const DEBOUNCE_MS = 220;

const stateOf = (tabId: string) => workbench.get().tabs.find((t) => t.session.tabId === tabId)?.dryRun;

export function useDryRun(tabId: string): (text: string) => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const asking = useRef(false);

  const question = useCallback(async () => {
    if (asking.current) return;
    asking.current = true;
    // An answer to a text that has changed meanwhile leaves the state as it is: the new text is asked about next.
    for (let asked = stateOf(tabId); asked?.phase === 'asking'; asked = stateOf(tabId)) {
      const { version, sql } = asked;
      await ask(api.workbench.dryRun({ tabId, sql })).then(
        (reply) => updateTab(tabId, (t) => ({ ...t, dryRun: dryRunAnswered(t.dryRun, version, reply) })),
        (error: unknown) => updateTab(tabId, (t) => ({ ...t, dryRun: dryRunFailed(t.dryRun, version, explain(error).message) })),
      );
    }
    asking.current = false;
  }, [tabId]);

  const later = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void question(), DEBOUNCE_MS);
  }, [question]);

  useEffect(() => {
    // The tab was left before its answer came.
    if (stateOf(tabId)?.phase === 'asking') later();
    return () => clearTimeout(timer.current);
  }, [tabId, later]);

  return useCallback(
    (text: string) => {
      updateTab(tabId, (t) => ({ ...t, dryRun: dryRunEdited(t.dryRun, text) }));
      later();
    },
    [tabId, later],
  );
}
