/** Messages in the corner: what was done, what failed. */
import { notifications } from '@mantine/notifications';
import { explain } from './api/http.ts';

export function tell(title: string, message = '', level: 'success' | 'error' = 'success'): void {
  notifications.show({ title, message, color: level === 'error' ? 'red' : 'teal', autoClose: level === 'error' ? 12_000 : 4_000, withBorder: true });
}

/** Runs a piece of work whose failure the person must see, but which nothing waits for. */
export function attempt(title: string, work: () => Promise<unknown>): void {
  work().catch((error: unknown) => tell(title, explain(error), 'error'));
}

export function copyText(text: string, what: string): void {
  attempt('Could not copy', async () => {
    await navigator.clipboard.writeText(text);
    tell(what);
  });
}
