/** Configuration of retention: how long recordings are kept, by the labels of their targets. */
import { z } from 'zod';
import { labels } from '../../contract/store/index.ts';

const days = z.number().int().min(1).max(36_500);

export const retentionConfig = z
  .strictObject({
    /** Of recordings that no class names. Absent: they are kept for ever. */
    default_days: days.optional(),
    /** The first class whose labels the target had is the recording's. It is given when the recording has ended, and kept. */
    classes: z.array(z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,50}$/), days, labels: labels.refine((l) => Object.keys(l).length > 0, 'name at least one label') })).max(100).default([]),
  })
  .refine((r) => new Set(['default', ...r.classes.map((c) => c.name)]).size === r.classes.length + 1, 'each class has a name of its own, and none is called default');
export type RetentionConfig = z.output<typeof retentionConfig>;

export const DEFAULT_CLASS = 'default';

export function classOf(config: RetentionConfig, target: Readonly<Record<string, string>>): string {
  return config.classes.find((c) => Object.entries(c.labels).every(([k, v]) => target[k] === v))?.name ?? DEFAULT_CLASS;
}

/** Undefined where the class is kept for ever, or is configured no more: what nobody has a rule for is not deleted. */
export function daysOf(config: RetentionConfig, name: string): number | undefined {
  return name === DEFAULT_CLASS ? config.default_days : config.classes.find((c) => c.name === name)?.days;
}
