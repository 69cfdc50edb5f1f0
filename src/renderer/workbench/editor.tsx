/** The SQL editor of one tab. CodeMirror keeps its own state; it is parked here while its tab is not on screen. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { DryRunStatement, SchemaReply } from '../../contract/ipc/workbench.ts';
import { statementAt } from '../../ui/sql-tokens.ts';
import { styleNonce } from '../nonce.ts';
import { toNamespace } from './completion.ts';
import { decisionGutter, setDecisions } from './editor-decisions.ts';
import { editorTheme } from './editor-theme.ts';

const parked = new Map<string, EditorState>();
const mounted = new Map<string, EditorView>();
const language = new Compartment();

export const forgetEditor = (tabId: string): void => void parked.delete(tabId);

const stateOf = (tabId: string): EditorState | undefined => mounted.get(tabId)?.state ?? parked.get(tabId);

export const editorText = (tabId: string): string => stateOf(tabId)?.doc.toString() ?? '';

/** What Ctrl+Enter runs: the selection, else the statement at the caret. */
export function currentStatement(tabId: string): string {
  const state = stateOf(tabId);
  if (state === undefined) return '';
  const { from, to, head } = state.selection.main;
  if (from !== to) return state.sliceDoc(from, to);
  const text = state.doc.toString();
  const range = statementAt(text, head);
  return range === undefined ? '' : text.slice(range.from, range.to);
}

/** Puts text into the editor behind what is there, and selects it. */
export function insertText(tabId: string, text: string): void {
  const view = mounted.get(tabId);
  if (view === undefined) return;
  const end = view.state.doc.length;
  const lead = end === 0 ? '' : view.state.doc.toString().trimEnd().endsWith(';') ? '\n\n' : ';\n\n';
  view.dispatch({ changes: { from: end, insert: lead + text }, selection: { anchor: end + lead.length, head: end + lead.length + text.length }, scrollIntoView: true });
  view.focus();
}

const languageFor = (schema: SchemaReply | undefined): Extension => sql({ dialect: PostgreSQL, upperCaseKeywords: true, schema: schema === undefined ? {} : toNamespace(schema) });

const base: Extension = [
  EditorView.cspNonce.of(styleNonce),
  lineNumbers(),
  decisionGutter,
  highlightActiveLine(),
  highlightActiveLineGutter(),
  history(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  autocompletion({ icons: false }),
  EditorView.lineWrapping,
  editorTheme,
  placeholder('Write SQL. The decision shows before you run it.'),
  EditorView.contentAttributes.of({ 'aria-label': 'SQL editor' }),
  keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, indentWithTab]),
];

export interface EditorProps {
  readonly tabId: string;
  readonly schema: SchemaReply | undefined;
  readonly decisions: readonly DryRunStatement[];
  readonly fontPx: number;
  readonly onEdit: (text: string) => void;
  readonly onRun: () => void;
  readonly onRunAll: () => void;
}

export function Editor(props: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const { tabId, schema, decisions } = props;

  useEffect(() => {
    if (host.current === null) return undefined;
    const run = (what: 'onRun' | 'onRunAll') => () => {
      latest.current[what]();
      return true;
    };
    const extensions: Extension = [
      Prec.highest(keymap.of([{ key: 'Mod-Enter', run: run('onRun') }, { key: 'Mod-Shift-Enter', run: run('onRunAll') }])),
      language.of(languageFor(latest.current.schema)),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) latest.current.onEdit(update.state.doc.toString());
      }),
      base,
    ];
    const old = parked.get(tabId);
    const state = EditorState.create({ doc: old?.doc ?? '', selection: old?.selection, extensions });
    const view = new EditorView({ state, parent: host.current });
    mounted.set(tabId, view);
    view.focus();
    return () => {
      parked.set(tabId, view.state);
      mounted.delete(tabId);
      view.destroy();
    };
  }, [tabId]);

  useEffect(() => {
    mounted.get(tabId)?.dispatch({ effects: language.reconfigure(languageFor(schema)) });
  }, [tabId, schema]);

  useEffect(() => {
    mounted.get(tabId)?.dispatch({ effects: setDecisions.of(decisions) });
  }, [tabId, decisions]);

  return <div ref={host} style={{ height: '100%', '--editor-font': `${props.fontPx}px` } as React.CSSProperties} />;
}
