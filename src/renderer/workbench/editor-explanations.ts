/** Explanations at their places in the editor: underlines, what hovering and the keyboard show, and the offers as buttons. */
import type { Diagnostic } from '@codemirror/lint';
import { linter, nextDiagnostic, previousDiagnostic, setDiagnostics } from '@codemirror/lint';
import type { EditorState, Extension, TransactionSpec } from '@codemirror/state';
import { keymap, tooltips } from '@codemirror/view';
import type { EditorView } from '@codemirror/view';
import type { Explanation, Offer } from '../../contract/ipc/workbench.ts';
import { sentenceNodes, sentenceWords } from '../../ui/plain-sentence.tsx';

const severities = { denied: 'error', held: 'warning', masked: 'info', hint: 'hint' } as const;
const words = { denied: 'Denied', held: 'Held', masked: 'Masked', hint: 'Hint' } as const;

export interface Explained {
  /** The text that the places belong to. */
  readonly sql: string;
  readonly explanations: readonly Explanation[];
}

/** @param from where the explanation stands */
type Act = (offer: Offer, explained: Explained, from: number) => void;

function message(e: Explanation): HTMLElement {
  const line = document.createElement('span');
  const word = document.createElement('b');
  word.className = `cm-explained-word cm-explained-word-${e.severity}`;
  word.textContent = words[e.severity];
  line.append(word, ...sentenceNodes(e.sentence));
  return line;
}

function diagnostic(e: Explanation, explained: Explained, size: number, act: Act): Diagnostic {
  return {
    from: Math.min(e.from, size),
    to: Math.min(e.to, size),
    severity: severities[e.severity],
    markClass: `cm-explained cm-explained-${e.severity}`,
    message: `${words[e.severity]}: ${sentenceWords(e.sentence)}`,
    renderMessage: () => message(e),
    actions: e.offers.map((offer) => ({ name: offer.label, apply: () => act(offer, explained, e.from) })),
  };
}

/** What to dispatch so that the editor shows these and no others. */
export function showExplanations(state: EditorState, explained: Explained, act: Act): TransactionSpec {
  const size = state.doc.length;
  return setDiagnostics(state, explained.explanations.map((e) => diagnostic(e, explained, size, act)));
}

/** Replaces parts of the text, if it is still the text that the offer was made for. False when it has changed since. */
export function applyOffer(view: EditorView, sql: string, offer: Extract<Offer, { kind: 'edit' }>): boolean {
  if (view.state.doc.toString() !== sql) return false;
  const { edits, select } = offer;
  const end = edits.reduce((last, e) => Math.max(last, e.to), 0) + edits.reduce((sum, e) => sum + e.insert.length - (e.to - e.from), 0);
  view.dispatch({
    changes: edits.map((e) => ({ from: e.from, to: e.to, insert: e.insert })),
    selection: select === undefined ? { anchor: end } : { anchor: select.from, head: select.to },
    scrollIntoView: true,
    userEvent: 'input.offer',
  });
  view.focus();
  return true;
}

/** What is said of a line must not cover the buttons above the editor: where there is no room above, it stands below. */
const besideTheText = tooltips({
  tooltipSpace: (view) => {
    const { top, left, right } = view.dom.getBoundingClientRect();
    return { top, left, right, bottom: window.innerHeight };
  },
});

const keys = keymap.of([
  { key: 'F8', run: nextDiagnostic },
  { key: 'Shift-F8', run: previousDiagnostic },
]);

/** F8 goes to the next place; the line under the editor says what is there. The library's own list of all places has buttons within options, which screen readers do not reach. */
export const explanationKeys: Extension = [linter(null), keys, besideTheText];
