/** Enrols this device's key, and where an administrator has to approve it, waits for that with the window informed. */
import { ConfigError, DeniedError, EnvironmentError, messageOf } from '../../base/errors.ts';
import { asSentence } from '../../ui/format.ts';
import type { AwaitedDevice } from '../../contract/ipc/auth.ts';
import type { Device } from '../../contract/store/index.ts';
import { StoreRefusal, type UserApi } from '../../proxy/core/store-client.ts';
import type { Attempt, Nudge } from './attempt.ts';
import { whileHinted } from './hints.ts';

export interface DeviceWait {
  readonly attempt: Attempt;
  readonly client: Pick<UserApi, 'enrolDevice' | 'listDevices' | 'subscribe'>;
  readonly person: { readonly name: string; readonly subject: string };
  readonly deviceName: string;
  readonly keyProtection: 'os' | 'memory';
  readonly nowMs: () => number;
}

/** Without a hint. Each look is an entry in the store's audit trail. */
const LOOK_EVERY_MS = 30_000;

/** @throws DeniedError when the device is refused or the sign-in has ended, EnvironmentError env.cancelled */
export async function enrolledDevice(o: DeviceWait): Promise<void> {
  const device = await enrol(o);
  if (device.state === 'enrolled') return;
  await whileHinted(o.client, o.attempt, 'device', () => untilApproved(o, device));
}

async function enrol(o: DeviceWait): Promise<Device> {
  try {
    return await o.client.enrolDevice(o.deviceName);
  } catch (error) {
    if (error instanceof StoreRefusal && error.refusal === 'forbidden') throw new DeniedError(`The store refuses this device: ${asSentence(error.message)}`);
    throw error;
  }
}

async function untilApproved(o: DeviceWait, device: Device): Promise<void> {
  const { attempt, person, deviceName, keyProtection } = o;
  const show = (look: AwaitedDevice['look']): void => attempt.waiting({ phase: 'device_waiting', name: person.name, subject: person.subject, deviceId: device.device_id, deviceName, sinceMs: device.enrolled_ms, keyProtection, look });
  let last: Omit<AwaitedDevice['look'], 'checking'> = {};
  for (;;) {
    show({ checking: false, ...last });
    const nudge = await attempt.next(LOOK_EVERY_MS);
    show({ checking: true, ...last });
    const looked = await lookOnce(o, device, nudge);
    if (looked === 'approved') return;
    last = { lastMs: o.nowMs(), ...(looked.error === undefined ? {} : { error: looked.error }) };
  }
}

async function lookOnce(o: DeviceWait, device: Device, nudge: Nudge): Promise<'approved' | { readonly error?: string }> {
  let found: Device | undefined;
  try {
    found = nudge.code === undefined ? (await o.client.listDevices()).find((d) => d.device_id === device.device_id) : await o.client.enrolDevice(o.deviceName, nudge.code);
  } catch (error) {
    if (o.attempt.signal.aborted || !(error instanceof EnvironmentError)) throw error;
    // A refused device loses its sessions at once.
    if (error instanceof StoreRefusal && error.refusal === 'unauthenticated') throw new DeniedError('This sign-in has ended, or an administrator has refused this device. Sign in again, or ask them.');
    return { error: asSentence(messageOf(error)) };
  }
  if (found === undefined) throw new ConfigError('the store does not know this device any more', { fix: 'sign in again' });
  if (found.revoked !== undefined) throw new DeniedError(`An administrator has refused this device: ${found.revoked.reason}`);
  return found.state === 'enrolled' ? 'approved' : {};
}
