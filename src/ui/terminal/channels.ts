/** Channels of a session by the request that opened them. Pure. */
import { oneLine } from '../format.ts';
import type { RequestStep, Step } from '../timeline.ts';
import type { ChannelInfo } from './channel-tape.ts';

const NAME_CHARS = 60;

/** `Shell`, or the command: what a channel that shows something was opened for. */
export function channelNames(steps: readonly Step[], channels: readonly ChannelInfo[]): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const shown = new Set(channels.map((c) => c.channel));
  for (const step of steps) {
    if (step.kind !== 'request' || !shown.has(step.channel) || names.has(step.channel)) continue;
    const [first] = step.requests;
    if (first !== undefined) names.set(step.channel, first.object === '' ? first.verb : oneLine(first.object, NAME_CHARS));
  }
  for (const c of channels) if (!names.has(c.channel)) names.set(c.channel, 'Terminal');
  return names;
}

/** The channel that is looked at while this step is on screen: its own, or that of the last step before it that shows anything. */
export function channelAt(steps: readonly Step[], index: number, channels: readonly ChannelInfo[]): ChannelInfo | undefined {
  for (let i = index; i >= 0; i--) {
    const step = steps[i];
    const found = step?.kind === 'request' ? channels.find((c) => c.channel === step.channel) : undefined;
    if (found !== undefined) return found;
  }
  return channels[0];
}

/** A command with a channel of its own is looked at when it is done, everything else when it begins. */
export function momentOf(step: Step, channels: readonly ChannelInfo[]): number {
  return isCommand(step) && channels.some((c) => c.channel === step.channel) ? step.lastMs : step.tMs;
}

const isCommand = (step: Step): step is RequestStep => step.kind === 'request' && step.requests[0]?.what === 'exec';

/** Where a session is opened when no place is named: where something was first asked. */
export function firstOfInterest(steps: readonly Step[]): number {
  const asked = steps.findIndex((s) => (s.kind === 'request' && s.requests[0]?.what !== 'shell') || (s.kind === 'event' && s.record.kind === 'note' && s.record.text.startsWith('Typed')));
  return asked >= 0 ? asked : Math.max(0, steps.findIndex((s) => s.kind === 'request'));
}
