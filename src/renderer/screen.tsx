/** Pieces of screens that speak with main: what failed there, and its clipboard. */
import { CopyDigest, FailedState } from '../ui/screen.tsx';
import { explain } from './api.ts';
import { copyText } from './notify.ts';

export { Facts, LoadingRows, ScreenHead } from '../ui/screen.tsx';

export function Failed({ what, error, onRetry }: { what: string; error: unknown; onRetry: () => void }) {
  const { message, fix } = explain(error);
  return <FailedState what={what} why={[message, fix].filter((x) => x !== undefined).join(' ')} onRetry={onRetry} />;
}

export const Digest = ({ value, label }: { value: string; label: string }) => <CopyDigest value={value} label={label} onCopy={(v) => copyText(v, `${label} copied`)} />;
