/**
 * The terminal library under this window's content security policy. It adds style elements by itself and knows no nonce;
 * without WebGL it also writes style attributes, which the policy ignores: they are applied as what scripts may set.
 */
import { styleNonce } from '../../ui/nonce.ts';

/** Runs `work`; style elements that it makes get this load's nonce. */
export function withStyleNonce<T>(work: () => T): T {
  const make: unknown = Reflect.get(Document.prototype, 'createElement');
  if (typeof make !== 'function') return work();
  const named = (...names: unknown[]): unknown => {
    const element: unknown = Reflect.apply(make, document, names);
    if (element instanceof HTMLStyleElement) element.nonce = styleNonce;
    return element;
  };
  Object.defineProperty(document, 'createElement', { value: named, configurable: true });
  try {
    return work();
  } finally {
    Reflect.deleteProperty(document, 'createElement');
  }
}

/** For the renderer without WebGL: 24-bit colours are style attributes of the spans it makes. @returns ends it */
export function applyStyleAttributes(rows: Element): () => void {
  const observer = new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof HTMLElement) applyTo(node);
  });
  observer.observe(rows, { childList: true, subtree: true });
  return () => observer.disconnect();
}

function applyTo(element: HTMLElement): void {
  for (const styled of [element, ...element.querySelectorAll<HTMLElement>('[style]')]) {
    const text = styled.getAttribute('style');
    if (text !== null && styled.style.length === 0) styled.style.cssText = text;
  }
}
