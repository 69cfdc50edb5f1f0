/** Messages in the corner: what was done, what failed and what to do about it. */
import { notifications } from '@mantine/notifications';
import { api, ask, explain } from './api.ts';

export function tell(title: string, message = '', level: 'info' | 'success' | 'warning' | 'error' = 'success'): void {
  const color = { info: 'sally', success: 'teal', warning: 'yellow', error: 'red' }[level];
  notifications.show({ title, message, color, autoClose: level === 'error' ? 12_000 : 4_000, withBorder: true, closeButtonProps: { 'aria-label': 'Dismiss' } });
}

export function tellError(title: string, error: unknown): void {
  const { message, fix } = explain(error);
  tell(title, fix === undefined ? message : `${message} ${fix}`, 'error');
}

/** Runs a piece of work whose failure the person must see, but which nothing waits for. */
export function attempt(title: string, work: () => Promise<unknown>): void {
  work().catch((error: unknown) => tellError(title, error));
}

export function copyText(text: string, what = 'Copied'): void {
  attempt('Could not copy', async () => {
    await ask(api.app.copyText({ text }));
    tell(what);
  });
}
