/** CodeMirror in the colours of the product; all through CSS variables, so both schemes are one theme. */
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const look = EditorView.theme({
  '&': { height: '100%', fontSize: 'var(--editor-font, 13px)', backgroundColor: 'var(--sp-surface)', color: 'var(--mantine-color-text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--sp-accent)', padding: '10px 0' },
  '.cm-line': { padding: '0 12px 0 6px' },
  '.cm-cursor': { borderLeftColor: 'var(--sp-accent)', borderLeftWidth: '2px' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': { backgroundColor: 'color-mix(in srgb, var(--sp-accent) 24%, transparent)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--sp-hover) 55%, transparent)' },
  '.cm-gutters': { backgroundColor: 'var(--sp-surface)', color: 'var(--mantine-color-dimmed)', border: 'none', paddingLeft: '4px' },
  '.cm-lineNumbers .cm-gutterElement': { minWidth: '28px', fontSize: '11.5px' },
  '.cm-activeLineGutter': { backgroundColor: 'transparent', color: 'var(--mantine-color-text)' },
  '.cm-foldGutter': { display: 'none' },
  '.cm-matchingBracket': { backgroundColor: 'var(--sp-accent-bg) !important', outline: '1px solid var(--sp-accent)' },
  '.cm-placeholder': { color: 'var(--mantine-color-placeholder)' },
  '.cm-tooltip': { backgroundColor: 'var(--sp-surface)', border: '1px solid var(--sp-line-strong)', borderRadius: '8px', boxShadow: 'var(--sp-shadow)', overflow: 'hidden' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '12px', maxHeight: '18em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '4px 10px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--sp-accent-bg)', color: 'var(--sp-accent-fg)' },
  '.cm-completionDetail': { fontStyle: 'normal', color: 'var(--mantine-color-dimmed)', marginLeft: '10px' },
  '.cm-panels': { backgroundColor: 'var(--sp-raised)', color: 'var(--mantine-color-text)', borderTop: '1px solid var(--sp-line)' },
  // The library draws its lines as images, which the content security policy of the window does not let in.
  '.cm-lintRange': { backgroundImage: 'none !important', paddingBottom: '0' },
  '.cm-explained': { textDecoration: 'underline', textDecorationThickness: '2px', textUnderlineOffset: '4px', textDecorationSkipInk: 'none' },
  '.cm-explained-denied': { textDecorationStyle: 'wavy', textDecorationThickness: '1.5px', textDecorationColor: 'var(--sp-deny)' },
  '.cm-explained-held': { textDecorationStyle: 'wavy', textDecorationThickness: '1.5px', textDecorationColor: 'var(--sp-hold)' },
  '.cm-explained-masked': { textDecorationStyle: 'dotted', textDecorationColor: 'var(--sp-mask)' },
  '.cm-explained-hint': { textDecorationStyle: 'dotted', textDecorationColor: 'var(--mantine-color-dimmed)' },
  '.cm-tooltip-lint': { maxWidth: '560px' },
  // Clear of the line that it speaks of.
  '.cm-tooltip-hover.cm-tooltip-below': { marginTop: '4px' },
  '.cm-diagnostic': { padding: '9px 12px', margin: '0', fontFamily: 'var(--mantine-font-family)', fontSize: '12.5px', lineHeight: '1.5', borderLeftWidth: '3px', whiteSpace: 'normal' },
  '.cm-diagnosticText': { display: 'block' },
  '.cm-diagnostic + .cm-diagnostic, li + li > .cm-diagnostic': { borderTop: '1px solid var(--sp-line)' },
  '.cm-diagnostic code': { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '11.5px', backgroundColor: 'var(--sp-hover)', borderRadius: '4px', padding: '1px 4px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--sp-deny)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--sp-hold)' },
  '.cm-diagnostic-info': { borderLeftColor: 'var(--sp-mask)' },
  '.cm-diagnostic-hint': { borderLeftColor: 'var(--sp-line-strong)' },
  '.cm-explained-word': { marginRight: '8px', fontWeight: '600' },
  '.cm-explained-word-denied': { color: 'var(--sp-deny-fg)' },
  '.cm-explained-word-held': { color: 'var(--sp-hold-fg)' },
  '.cm-explained-word-masked': { color: 'var(--sp-mask-fg)' },
  '.cm-explained-word-hint': { color: 'var(--mantine-color-dimmed)' },
  '.cm-diagnosticAction': { display: 'inline-block', margin: '6px 6px 0 0', padding: '3px 9px', fontSize: '12px', fontWeight: '560', color: 'var(--sp-accent-fg)', backgroundColor: 'var(--sp-accent-bg)', border: '1px solid transparent', borderRadius: '6px' },
  '.cm-diagnosticAction:hover, .cm-diagnosticAction:focus-visible': { borderColor: 'var(--sp-accent)' },
  '.cm-decision-gutter': { width: '10px' },
  '.cm-decision': { width: '4px', height: '100%', marginLeft: '3px', borderRadius: '2px' },
  '.cm-decision-allow': { backgroundColor: 'var(--sp-allow)' },
  '.cm-decision-hold': { backgroundColor: 'var(--sp-hold)' },
  '.cm-decision-deny': { backgroundColor: 'var(--sp-deny)' },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.bool, tags.null], color: 'var(--sp-code-keyword)', fontWeight: '560' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--sp-code-string)' },
  { tag: tags.number, color: 'var(--sp-code-number)' },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: 'var(--sp-code-comment)', fontStyle: 'italic' },
  { tag: [tags.typeName, tags.standard(tags.name), tags.special(tags.name)], color: 'var(--sp-code-name)' },
]);

export const editorTheme: Extension = [look, syntaxHighlighting(colours)];
