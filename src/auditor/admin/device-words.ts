/** What state a device is in, for people. Pure. */
import type { Device } from '../../contract/store/devices.ts';
import type { Tone } from '../../ui/pill.tsx';

export type DeviceState = 'waiting' | 'enrolled' | 'ended' | 'revoked';

export function stateOf(d: Device, nowMs: number): DeviceState {
  if (d.revoked !== undefined) return 'revoked';
  if (d.state === 'pending') return 'waiting';
  return d.expires_ms !== undefined && d.expires_ms <= nowMs ? 'ended' : 'enrolled';
}

export const stateWords: Readonly<Record<DeviceState, { word: string; tone: Tone }>> = {
  waiting: { word: 'Waits', tone: 'hold' },
  enrolled: { word: 'Enrolled', tone: 'allow' },
  ended: { word: 'Ended', tone: 'outline' },
  revoked: { word: 'Revoked', tone: 'deny' },
};

/** Those that wait for somebody first, then the newest. */
export const inOrder = (devices: readonly Device[], nowMs: number): Device[] => [...devices].sort((a, b) => Number(stateOf(b, nowMs) === 'waiting') - Number(stateOf(a, nowMs) === 'waiting') || b.enrolled_ms - a.enrolled_ms);

export function holdsText(d: Device, words: string): boolean {
  return words === '' || `${d.name} ${d.owner.name} ${d.owner.sub} ${d.device_id} ${d.revoked?.reason ?? ''}`.toLowerCase().includes(words);
}

const pad = (n: number): string => String(n).padStart(2, '0');

/** Value of a `datetime-local` field, in the browser's own time. */
export function localField(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}T${pad(d.getHours())}:${pad(d.getMinutes())}`;
}

/** Time of such a field; undefined when it is empty, no time, or later than now. */
export function fromLocalField(text: string, nowMs: number): number | undefined {
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text) ? new Date(text).getTime() : NaN;
  return Number.isNaN(ms) || ms > nowMs || ms < 0 ? undefined : ms;
}
