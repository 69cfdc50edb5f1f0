/** How a redaction stands, in words and in the command that signs it. Pure. */
import type { RedactionView } from '../../contract/store/retention.ts';
import type { Tone } from '../../ui/pill.tsx';

export const redactionStates: Readonly<Record<RedactionView['state'], { word: string; tone: Tone }>> = {
  proposed: { word: 'Waits for signatures', tone: 'hold' },
  signed: { word: 'Signed, being removed', tone: 'accent' },
  done: { word: 'Removed', tone: 'neutral' },
  withdrawn: { word: 'Withdrawn', tone: 'outline' },
};

/** What a signer runs on a machine that holds their device key: a browser has none. */
export const signCommand = (id: string): string => `sallyport recordings redact ${id} --config gateway.yaml --token-file id-token.txt`;

/** What is still to come, as a sentence. */
export function nextStep(r: RedactionView): string {
  switch (r.state) {
    case 'proposed':
      return r.signed_by.length === 0
        ? 'Nobody has signed it yet. It takes two people: a privacy officer and somebody of security.'
        : `${r.signed_by.map((s) => s.name).join(' and ')} has signed it. A second person of the other role is still to sign.`;
    case 'signed':
      return 'Two people have signed it, and it is in the log. The contents are being taken out of the stored files.';
    case 'done':
      return 'The contents are gone. The statement that took them out is part of the recording, and of the log.';
    case 'withdrawn':
      return 'Nothing was taken out.';
  }
}

/** Contents by record, in order. */
export function byRecord<T extends { readonly n: number }>(items: readonly T[]): { readonly n: number; readonly items: readonly T[] }[] {
  const groups = new Map<number, T[]>();
  for (const i of items) groups.set(i.n, [...(groups.get(i.n) ?? []), i]);
  return [...groups].sort(([a], [b]) => a - b).map(([n, of]) => ({ n, items: of }));
}
