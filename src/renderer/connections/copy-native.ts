/** Commands and settings for a person's own clients, to the clipboard. */
import type { NativeKind } from '../../contract/ipc/connections.ts';
import { api, ask } from '../api.ts';
import { attempt, tell } from '../notify.ts';

export function copyNative(connection: string, kind: NativeKind, label: string): void {
  attempt(`Could not copy the ${label}`, async () => {
    await ask(api.connections.copyNative({ name: connection, kind }));
    tell(`${label} copied`, `${connection} through the local endpoint: same policy, same recording.`);
  });
}
