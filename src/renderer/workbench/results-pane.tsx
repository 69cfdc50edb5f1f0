/** Beneath the editor: results, messages and the plan of the active tab. */
import { ActionIcon, Modal, ScrollArea, Tooltip } from '@mantine/core';
import { IconAlertCircle, IconBinaryTree, IconCheck, IconCopy, IconDownload, IconEyeOff, IconHandStop, IconInfoCircle, IconMessages, IconTable, IconTerminal2 } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { csvFileName } from '../../ui/csv.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatCount, formatDuration, plural } from '../../ui/format.ts';
import { Pill } from '../../ui/pill.tsx';
import { ResultGrid } from '../../ui/result-grid.tsx';
import { SqlBlock } from '../../ui/sql-text.tsx';
import { api, ask } from '../api.ts';
import { attempt, copyText, tell } from '../notify.ts';
import { PlanView } from './plan-view.tsx';
import type { ResultView, RunMessage, RunState } from './run-model.ts';
import { isActive } from './run-model.ts';
import classes from './workbench.module.css';
import type { Tab } from './workbench-store.ts';
import { updateTab } from './workbench-store.ts';

const icons = { done: IconCheck, notice: IconInfoCircle, hold: IconHandStop, error: IconAlertCircle } as const;

function Messages({ messages }: { messages: readonly RunMessage[] }) {
  return (
    <ul className={classes.messages}>
      {messages.map((m, i) => {
        const Icon = icons[m.kind];
        return (
          <li key={i} className={classes.message}>
            <Icon size={17} stroke={1.9} data-kind={m.kind} aria-hidden />
            <b>{m.title}</b>
            {m.text !== '' && <p>{m.text}</p>}
          </li>
        );
      })}
    </ul>
  );
}

function exportCsv(tab: Tab, result: ResultView): void {
  attempt('Export failed', async () => {
    const saved = await ask(api.workbench.exportCsv({ tabId: tab.session.tabId, resultId: result.resultId, suggestedName: csvFileName(tab.session.connection, Date.now()) }));
    if (saved.saved) tell('Exported', `${saved.basename}. Masked values stay masked.`);
  });
}

function ResultFooter({ tab, result }: { tab: Tab; result: ResultView }) {
  const masked = result.buffer.maskedColumns.length;
  return (
    <>
      {masked > 0 && (
        <Pill tone="mask" size="xs" icon={<IconEyeOff size={11} aria-hidden />}>
          {plural(masked, 'masked column')}
        </Pill>
      )}
      {result.truncated && (
        <Pill tone="hold" size="xs">
          first {formatCount(result.buffer.rows.length)} of {formatCount(result.rowCount ?? 0)}
        </Pill>
      )}
      {result.elapsedMs !== undefined && <span>{formatDuration(result.elapsedMs)}</span>}
      <Tooltip label="Export as CSV (masked)">
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Export as CSV" onClick={() => exportCsv(tab, result)}>
          <IconDownload size={15} />
        </ActionIcon>
      </Tooltip>
    </>
  );
}

function CellViewer({ cell, onClose }: { cell: { column: string; text: string } | undefined; onClose: () => void }) {
  const pretty = (text: string): string => {
    try {
      return /^\s*[[{]/.test(text) ? JSON.stringify(JSON.parse(text), null, 2) : text;
    } catch {
      return text;
    }
  };
  return (
    <Modal opened={cell !== undefined} onClose={onClose} title={cell?.column ?? ''} size="lg" closeButtonProps={{ 'aria-label': 'Close' }} scrollAreaComponent={ScrollArea.Autosize}>
      {cell !== undefined && (
        <>
          <SqlBlock sql={pretty(cell.text)} label="Whole value" />
          <ActionIcon mt="sm" variant="default" aria-label="Copy value" onClick={() => copyText(cell.text)}>
            <IconCopy size={15} />
          </ActionIcon>
        </>
      )}
    </Modal>
  );
}

function PaneTab(props: { tab: Tab; id: string; icon: ReactNode; children: ReactNode }) {
  const { tabId } = props.tab.session;
  return (
    <button type="button" role="tab" className={classes.pane} aria-selected={props.tab.pane === props.id} onClick={() => updateTab(tabId, (t) => ({ ...t, pane: props.id }))}>
      {props.icon}
      {props.children}
    </button>
  );
}

function NothingYet({ run }: { run: RunState | undefined }) {
  if (isActive(run)) {
    return (
      <EmptyState icon={<IconTerminal2 size={26} />} title={run?.phase === 'held' ? 'Held' : 'Running…'}>
        {run?.phase === 'held' ? 'It runs once, exactly as shown, when the approval is there.' : 'Rows show up here as they arrive.'}
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={<IconTable size={26} />} title="Results show up here">
      <kbd>Ctrl</kbd> <kbd>Enter</kbd> runs the statement at the caret, <kbd>Ctrl</kbd> <kbd>Shift</kbd> <kbd>Enter</kbd> runs everything. What you run is recorded, and sensitive values come back masked.
    </EmptyState>
  );
}

export function ResultsPane({ tab }: { tab: Tab }) {
  const [cell, setCell] = useState<{ column: string; text: string }>();
  const { run } = tab;
  const results = run?.results ?? [];
  const shown = results.find((r) => r.resultId === tab.pane);
  return (
    <div className={classes.results}>
      <div className={classes.panes} role="tablist" aria-label="Results">
        {results.map((r, i) => (
          <PaneTab key={r.resultId} tab={tab} id={r.resultId} icon={<IconTable size={14} aria-hidden />}>
            {results.length === 1 ? 'Result' : `Result ${i + 1}`}
            <Pill size="xs" tone="outline">
              {formatCount(r.buffer.rows.length)}
            </Pill>
          </PaneTab>
        ))}
        <PaneTab tab={tab} id="messages" icon={<IconMessages size={14} aria-hidden />}>
          Messages
          {run !== undefined && run.messages.length > 0 && (
            <Pill size="xs" tone="outline">
              {run.messages.length}
            </Pill>
          )}
        </PaneTab>
        {tab.plan !== undefined && (
          <PaneTab tab={tab} id="plan" icon={<IconBinaryTree size={14} aria-hidden />}>
            Plan
          </PaneTab>
        )}
      </div>
      <div className={classes.body} role="tabpanel" aria-label="Result of the run">
        {shown !== undefined ? (
          <ResultGrid
            key={shown.resultId}
            buffer={shown.buffer}
            version={shown.version}
            label="Result"
            onCopy={(text) => copyText(text, 'Cell copied')}
            onOpenCell={(column, text) => setCell({ column, text })}
            footer={<ResultFooter tab={tab} result={shown} />}
          />
        ) : tab.pane === 'plan' && tab.plan !== undefined ? (
          <PlanView plan={tab.plan} />
        ) : run !== undefined && run.messages.length > 0 ? (
          <Messages messages={run.messages} />
        ) : (
          <NothingYet run={run} />
        )}
      </div>
      <CellViewer cell={cell} onClose={() => setCell(undefined)} />
    </div>
  );
}
