/** Pieces that speak with this page's clipboard and errors. */
import { CopyDigest, FailedState } from '../ui/screen.tsx';
import { explain } from './api/http.ts';
import { copyText } from './notify.ts';

export function Failed({ what, error, onRetry }: { what: string; error: unknown; onRetry: () => void }) {
  return <FailedState what={what} why={explain(error)} onRetry={onRetry} />;
}

export const Digest = ({ value, label }: { value: string; label: string }) => <CopyDigest value={value} label={label} onCopy={(v) => copyText(v, `${label} copied`)} />;

/** Name and subject; one of them where they are the same. */
export const personText = (person: { readonly name: string; readonly sub: string }): string => (person.name === person.sub || person.name === '' ? person.sub : `${person.name} (${person.sub})`);
