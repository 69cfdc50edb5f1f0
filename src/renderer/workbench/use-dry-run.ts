/** Asks for the decision a moment after the last key. */
import { useCallback, useEffect, useRef } from 'react';
import { dryRunAnswered, dryRunEdited, dryRunFailed } from '../../ui/dry-run.ts';
import { api, ask, explain } from '../api.ts';
import { updateTab, workbench } from './workbench-store.ts';

const DEBOUNCE_MS = 220;

export function useDryRun(tabId: string): (text: string) => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), [tabId]);
  return useCallback(
    (text: string) => {
      updateTab(tabId, (t) => ({ ...t, dryRun: dryRunEdited(t.dryRun, text) }));
      clearTimeout(timer.current);
      const asked = workbench.get().tabs.find((t) => t.session.tabId === tabId)?.dryRun;
      if (asked?.phase !== 'asking') return;
      timer.current = setTimeout(() => {
        ask(api.workbench.dryRun({ tabId, sql: text })).then(
          (reply) => updateTab(tabId, (t) => ({ ...t, dryRun: dryRunAnswered(t.dryRun, asked.version, reply) })),
          (error: unknown) => updateTab(tabId, (t) => ({ ...t, dryRun: dryRunFailed(t.dryRun, asked.version, explain(error).message) })),
        );
      }, DEBOUNCE_MS);
    },
    [tabId],
  );
}
