/** The SQL editor of one tab. CodeMirror keeps its own state; it is parked here while its tab is not on screen. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { DryRunStatement, Offer, SchemaReply } from '../../contract/ipc/workbench.ts';
import { applyEdits } from '../../ui/dry-run.ts';
import { statementAt } from '../../ui/sql-tokens.ts';
import { styleNonce } from '../../ui/nonce.ts';
import { toNamespace } from './completion.ts';
import { decisionGutter, setDecisions } from './editor-decisions.ts';
import type { Explained } from './editor-explanations.ts';
import { applyOffer, explanationKeys, showExplanations } from './editor-explanations.ts';
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

export const focusEditor = (tabId: string): void => mounted.get(tabId)?.focus();

/** Puts text into the editor behind what is there, and selects it. */
export function insertText(tabId: string, text: string): void {
  const view = mounted.get(tabId);
  if (view === undefined) return;
  const end = view.state.doc.length;
  const lead = end === 0 ? '' : view.state.doc.toString().trimEnd().endsWith(';') ? '\n\n' : ';\n\n';
  view.dispatch({ changes: { from: end, insert: lead + text }, selection: { anchor: end + lead.length, head: end + lead.length + text.length }, scrollIntoView: true });
  view.focus();
}

/** Selects a part of the text, for reading or typing over it. */
export function selectRange(tabId: string, from: number, to: number): void {
  const view = mounted.get(tabId);
  if (view === undefined) return;
  const size = view.state.doc.length;
  view.dispatch({ selection: { anchor: Math.min(from, size), head: Math.min(to, size) }, scrollIntoView: true });
  view.focus();
}

/** Changes the text as offered, if it still is the text of the forecast. */
export function changeText(tabId: string, sql: string, offer: Extract<Offer, { kind: 'edit' }>): boolean {
  const view = mounted.get(tabId);
  return view !== undefined && applyOffer(view, sql, offer);
}

/** Changes a statement that has been run: where it still stands in the text, else as a new one behind it. */
export function changeStatement(tabId: string, statement: string, offer: Extract<Offer, { kind: 'edit' }>): void {
  const text = editorText(tabId);
  const at = text.indexOf(statement);
  if (at < 0) {
    insertText(tabId, applyEdits(statement, offer.edits));
    return;
  }
  const move = <T extends { from: number; to: number }>(r: T): T => ({ ...r, from: r.from + at, to: r.to + at });
  changeText(tabId, text, { ...offer, edits: offer.edits.map(move), ...(offer.select === undefined ? {} : { select: move(offer.select) }) });
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
  explanationKeys,
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
  /** Undefined while the answer is on its way: what is shown stays. */
  readonly explained: Explained | undefined;
  readonly fontPx: number;
  readonly onCaret: (at: number) => void;
  readonly onOffer: (offer: Offer, explained: Explained, from: number) => void;
  readonly onEdit: (text: string) => void;
  /** To the changes on offer for the statement at the caret. */
  readonly onOffers: () => void;
  readonly onRun: () => void;
  readonly onRunAll: () => void;
}

export function Editor(props: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const { tabId, schema, decisions, explained } = props;

  useEffect(() => {
    if (host.current === null) return undefined;
    const run = (what: 'onRun' | 'onRunAll' | 'onOffers') => () => {
      latest.current[what]();
      return true;
    };
    const extensions: Extension = [
      Prec.highest(keymap.of([{ key: 'Mod-Enter', run: run('onRun') }, { key: 'Mod-Shift-Enter', run: run('onRunAll') }, { key: 'Mod-.', run: run('onOffers') }])),
      language.of(languageFor(latest.current.schema)),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) latest.current.onEdit(update.state.doc.toString());
        if (update.docChanged || update.selectionSet) latest.current.onCaret(update.state.selection.main.head);
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

  useEffect(() => {
    const view = mounted.get(tabId);
    if (view === undefined || explained === undefined) return;
    view.dispatch(showExplanations(view.state, explained, (offer, of, from) => latest.current.onOffer(offer, of, from)));
  }, [tabId, explained]);

  return <div ref={host} style={{ height: '100%', '--editor-font': `${props.fontPx}px` } as React.CSSProperties} />;
}
