/** SQL workbench: tabs, editor, the decision before running, and what came back. */
import { ActionIcon, Button, Group, Modal, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconBinaryTree, IconHistory, IconPlayerPlayFilled, IconPlayerStopFilled, IconPlugConnectedX, IconSql } from '@tabler/icons-react';
import { useMemo, useRef, useState } from 'react';
import type { Effect } from '../../contract/ipc/common.ts';
import type { Settings } from '../../contract/ipc/settings.ts';
import type { Offer } from '../../contract/ipc/workbench.ts';
import { explanationsOf, statementAtCaret } from '../../ui/dry-run.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatClock } from '../../ui/format.ts';
import { isProduction, Labels, Pill } from '../../ui/pill.tsx';
import { SqlBlock } from '../../ui/sql-text.tsx';
import { useNow } from '../live.ts';
import { goTo } from '../navigation.ts';
import { tell } from '../notify.ts';
import { useStore } from '../../ui/store.ts';
import { DecisionStrip } from './decision-strip.tsx';
import { changeStatement, changeText, currentStatement, Editor, editorText, focusEditor, insertText, selectRange } from './editor.tsx';
import { HistoryDrawer } from './history-drawer.tsx';
import { ResultsPane } from './results-pane.tsx';
import { ErrorBanner, HoldBanner } from './run-banner.tsx';
import { isActive } from './run-model.ts';
import { Splitter } from './splitter.tsx';
import { TabStrip } from './tab-strip.tsx';
import { useDryRun } from './use-dry-run.ts';
import classes from './workbench.module.css';
import type { Tab } from './workbench-store.ts';
import { cancelRun, explainSql, runSql, workbench } from './workbench-store.ts';

function Elapsed({ label, sinceMs }: { label: string; sinceMs: number }) {
  const now = useNow(250);
  return <span style={{ fontVariantNumeric: 'tabular-nums' }}>{`${label} · ${formatClock(now - sinceMs)}`}</span>;
}

/** White words on each of these have the contrast that WCAG AA asks for. */
const runColour = { allow: 'sally', hold: '#a2560a', deny: 'red.8' } as const;
const runWord = { allow: 'Run', hold: 'Run and ask', deny: 'Run' } as const;

function Toolbar({ tab, effect, onRun, onHistory }: { tab: Tab; effect: Effect; onRun: () => void; onHistory: () => void }) {
  const { tabId, labels, database, serverVersion } = tab.session;
  return (
    <div className={classes.toolbar}>
      {isActive(tab.run) && tab.run !== undefined ? (
        <Button size="xs" color="red.8" leftSection={<IconPlayerStopFilled size={14} />} onClick={() => cancelRun(tabId)}>
          <Elapsed label="Stop" sinceMs={tab.run.startedMs} />
        </Button>
      ) : (
        <Tooltip label="Run the statement at the caret (Ctrl+Enter)">
          <Button size="xs" color={runColour[effect]} leftSection={<IconPlayerPlayFilled size={14} />} onClick={onRun}>
            {runWord[effect]}
          </Button>
        </Tooltip>
      )}
      <Button size="xs" variant="default" leftSection={<IconBinaryTree size={15} />} onClick={() => explainSql(tabId, currentStatement(tabId))}>
        Explain
      </Button>
      <Tooltip label="History">
        <ActionIcon variant="default" size={30} aria-label="History" onClick={onHistory}>
          <IconHistory size={16} />
        </ActionIcon>
      </Tooltip>
      <span className={classes.grow} />
      {tab.run?.transaction === 'open' && <Pill tone="hold">transaction open</Pill>}
      {tab.run?.transaction === 'failed' && <Pill tone="deny">transaction failed: ROLLBACK</Pill>}
      <Labels labels={labels} />
      <Pill tone="outline" mono>
        {serverVersion === undefined ? database : `${database} · ${serverVersion}`}
      </Pill>
    </div>
  );
}

function TabBody({ tab, settings }: { tab: Tab; settings: Settings }) {
  const { tabId, labels, connection } = tab.session;
  const [editorPx, setEditorPx] = useState(210);
  const [historyOpen, setHistoryOpen] = useState(false);
  const [asking, setAsking] = useState<string>();
  const [caret, setCaret] = useState(0);
  const strip = useRef<HTMLDivElement>(null);
  const onEdit = useDryRun(tabId);
  const start = (sql: string) => {
    if (sql.trim() === '' || isActive(tab.run)) return;
    if (settings.confirmOnProd && isProduction(labels)) setAsking(sql);
    else runSql(tabId, sql, settings.maxRows);
  };
  const { dryRun } = tab;
  const decisions = dryRun.phase === 'decided' ? dryRun.statements : dryRun.phase === 'asking' ? dryRun.last : noDecisions;
  const explained = useMemo(() => (dryRun.phase === 'asking' ? undefined : { sql: 'sql' in dryRun ? dryRun.sql : '', explanations: explanationsOf(dryRun) }), [dryRun]);
  const offered = (offer: Offer, sql: string, statement: string) => {
    if (offer.kind === 'ask') start(statement);
    else if (!changeText(tabId, sql, offer)) tell('The text has changed', 'Look at the new forecast.', 'info');
  };
  return (
    <>
      <Toolbar tab={tab} effect={statementAtCaret(decisions, caret, dryRun.phase === 'decided' ? dryRun.unparsed : [])?.effect ?? 'allow'} onRun={() => start(currentStatement(tabId))} onHistory={() => setHistoryOpen(true)} />
      <div className={classes.editor} style={{ height: editorPx }}>
        <Editor
          tabId={tabId}
          schema={tab.schema}
          decisions={decisions}
          explained={explained}
          fontPx={settings.editorFontPx}
          onCaret={setCaret}
          onOffer={(offer, of, at) => {
            const asked = statementAtCaret(decisions, at);
            offered(offer, of.sql, asked === undefined ? '' : of.sql.slice(asked.from, asked.to));
          }}
          onEdit={onEdit}
          onOffers={() => strip.current?.querySelector<HTMLButtonElement>('[data-current] [data-offer]')?.focus()}
          onRun={() => start(currentStatement(tabId))}
          onRunAll={() => start(editorText(tabId))}
        />
      </div>
      <DecisionStrip
        ref={strip}
        onLeave={() => focusEditor(tabId)}
        dryRun={dryRun}
        caret={caret}
        busy={isActive(tab.run)}
        onShow={(from, to) => selectRange(tabId, from, to)}
        onOffer={(offer, s) => {
          if (dryRun.phase === 'decided') offered(offer, dryRun.sql, dryRun.sql.slice(s.from, s.to));
        }}
      />
      <Splitter heightPx={editorPx} onChange={setEditorPx} />
      {tab.disconnected !== undefined && (
        <div className={classes.banner} data-tone="deny" role="alert">
          <div className={classes.bannerIcon}>
            <IconPlugConnectedX size={20} aria-hidden />
          </div>
          <div>
            <p className={classes.bannerTitle}>The session ended</p>
            <p className={classes.bannerText}>{tab.disconnected} The next run opens a new session; temporary tables and settings are gone.</p>
          </div>
        </div>
      )}
      {tab.run?.phase === 'held' && tab.run.hold !== undefined && <HoldBanner held={tab.run.hold.held} approvals={tab.run.hold.approvals} onCancel={() => cancelRun(tabId)} />}
      {tab.run?.error !== undefined && (
        <ErrorBanner
          error={tab.run.error}
          hold={tab.run.hold}
          why={tab.run.explained}
          onOffer={(offer, sql) => {
            if (offer.kind === 'ask') start(sql);
            else changeStatement(tabId, sql, offer);
          }}
        />
      )}
      <ResultsPane tab={tab} />
      <HistoryDrawer
        opened={historyOpen}
        connection={connection}
        onClose={() => setHistoryOpen(false)}
        onPick={(sql) => {
          setHistoryOpen(false);
          insertText(tabId, sql);
        }}
      />
      <Modal opened={asking !== undefined} onClose={() => setAsking(undefined)} title={`Run on production: ${connection}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <SqlBlock sql={asking ?? ''} label="Statement to run" />
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={() => setAsking(undefined)}>
            Back
          </Button>
          <Button
            color="red.8"
            data-autofocus
            onClick={() => {
              if (asking !== undefined) runSql(tabId, asking, settings.maxRows);
              setAsking(undefined);
            }}
          >
            Run
          </Button>
        </Group>
      </Modal>
    </>
  );
}

const noDecisions: readonly never[] = [];

export function Workbench({ settings }: { settings: Settings }) {
  const state = useStore(workbench);
  const tab = state.tabs.find((t) => t.session.tabId === state.active);
  return (
    <div className={classes.root} data-prod={tab !== undefined && isProduction(tab.session.labels) ? '' : undefined}>
      <VisuallyHidden component="h1">Workbench</VisuallyHidden>
      <TabStrip state={state} />
      {tab === undefined ? (
        <EmptyState icon={<IconSql size={28} />} title="No session open" action={<Button onClick={() => goTo('connections')}>Choose a connection</Button>}>
          <Text size="sm">Each tab is one recorded session on a database. Open one from Connections, or with the plus sign above.</Text>
        </EmptyState>
      ) : (
        <TabBody key={tab.session.tabId} tab={tab} settings={settings} />
      )}
    </div>
  );
}

