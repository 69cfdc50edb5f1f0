/** The dry run's answer beside the text: a coloured bar along every statement. */
import type { Extension } from '@codemirror/state';
import { RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import { gutter, GutterMarker } from '@codemirror/view';
import type { Effect } from '../../contract/ipc/common.ts';
import type { DryRunStatement } from '../../contract/ipc/workbench.ts';

class DecisionMarker extends GutterMarker {
  readonly effect: Effect;
  constructor(effect: Effect) {
    super();
    this.effect = effect;
  }
  override eq(other: GutterMarker): boolean {
    return other instanceof DecisionMarker && other.effect === this.effect;
  }
  override toDOM(): HTMLElement {
    const bar = document.createElement('div');
    bar.className = `cm-decision cm-decision-${this.effect}`;
    return bar;
  }
}

const markers = { allow: new DecisionMarker('allow'), hold: new DecisionMarker('hold'), deny: new DecisionMarker('deny') } as const;

export const setDecisions = StateEffect.define<readonly DryRunStatement[]>();

const decisions = StateField.define<readonly DryRunStatement[]>({
  create: () => [],
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setDecisions)) return effect.value;
    // Keeps the bars at their statements while the next answer is on its way.
    if (!transaction.docChanged) return value;
    return value.map((s) => ({ ...s, from: transaction.changes.mapPos(s.from, 1), to: transaction.changes.mapPos(s.to, -1) }));
  },
});

export const decisionGutter: Extension = [
  decisions,
  gutter({
    class: 'cm-decision-gutter',
    markers: (view) => {
      const builder = new RangeSetBuilder<GutterMarker>();
      let lastLine = 0;
      for (const s of view.state.field(decisions)) {
        const end = view.state.doc.lineAt(Math.min(s.to, view.state.doc.length)).number;
        for (let n = Math.max(lastLine + 1, view.state.doc.lineAt(Math.min(s.from, view.state.doc.length)).number); n <= end; n++) {
          const from = view.state.doc.line(n).from;
          builder.add(from, from, markers[s.effect]);
          lastLine = n;
        }
      }
      return builder.finish();
    },
  }),
];
