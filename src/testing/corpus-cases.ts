/** Cases of the corpus as testdata/corpus holds them; docs/corpus.md says what the members mean. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

export const corpusDir = fileURLToPath(new URL('../../testdata/corpus', import.meta.url));

const parameters = z.array(z.string().nullable());

/** One exchange. A bare string goes by the protocol of the run; the others by the one they need. */
const step = z.union([
  z.string(),
  /** Extended protocol with parameters as text; `name` keeps the prepared statement, `rows` asks for so many at a time. */
  z.strictObject({ sql: z.string(), params: parameters.default([]), types: z.array(z.int()).default([]), name: z.string().default(''), rows: z.int().default(0), formats: z.array(z.int()).default([]) }),
  /** Bind and Execute of a prepared statement, without Describe. */
  z.strictObject({ execute: z.string(), params: parameters.default([]), formats: z.array(z.int()).default([]) }),
  /** Several statements before one Sync. */
  z.strictObject({ pipeline: z.array(z.string()) }),
  /** COPY FROM STDIN with this data. */
  z.strictObject({ copy: z.string(), data: z.string() }),
  /** Fast-path call of the function with this signature. */
  z.strictObject({ call: z.string(), args: z.array(z.string()) }),
  /** Not through the gateway: what the owner of the database does meanwhile. */
  z.strictObject({ owner: z.string() }),
  /** A second session of the same person through the gateway. */
  z.strictObject({ other: z.string() }),
]);
export type Step = z.output<typeof step>;

const common = {
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  run: z.array(step).min(1),
  on: z.enum(['dev', 'prod']),
  /** Server versions. */
  since: z.int().default(0),
  until: z.int().default(99),
  modes: z.array(z.enum(['simple', 'extended'])).default(['simple', 'extended']),
  startup: z.record(z.string(), z.string()).default({}),
};

const leak = z.strictObject({
  ...common,
  on: common.on.default('dev'),
  expect: z.enum(['masked', 'denied', 'held', 'either']).default('either'),
  /** The two variants of the data must not be told apart by what comes back. */
  oracle: z.boolean().default(false),
  /** Why the attack gives nothing even without the gateway; otherwise it has to. */
  bare: z.string().optional(),
  /** Why docs/masking.md claims nothing about it: kept to be seen, not run. */
  unclaimed: z.string().optional(),
});
export type LeakCase = z.output<typeof leak>;

const guardrail = z.strictObject({
  ...common,
  on: common.on.default('prod'),
  expect: z.enum(['denied', 'held', 'allowed']),
  code: z.string().optional(),
  policy: z.string().optional(),
});
export type GuardrailCase = z.output<typeof guardrail>;

const benign = z.strictObject({ ...common, on: common.on.default('dev') });
export type BenignCase = z.output<typeof benign>;

function read<T extends z.ZodType<{ readonly id: string }>>(kind: string, schema: T): z.output<T>[] {
  const dir = path.join(corpusDir, kind);
  const seen = new Set<string>();
  return readdirSync(dir)
    .filter((f) => f.endsWith('.yaml'))
    .sort()
    .flatMap((file) => {
      const cases = z.array(schema).safeParse(parse(readFileSync(path.join(dir, file), 'utf8')));
      if (!cases.success) throw new Error(`${kind}/${file}: ${z.prettifyError(cases.error)}`);
      for (const { id } of cases.data) {
        if (seen.has(id)) throw new Error(`${kind}/${file}: two cases are called ${id}`);
        seen.add(id);
      }
      return cases.data;
    });
}

/** @throws Error that names file and member of what does not parse */
export const readLeaks = (): LeakCase[] => read('leaks', leak);
export const readGuardrails = (): GuardrailCase[] => read('guardrails', guardrail);
export const readBenign = (): BenignCase[] => read('benign', benign);

/** Fills in values of the data: `{{email.1}}`. @throws Error for a name that the data does not have */
export function fill(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\{\{([a-z0-9.]+)\}\}/g, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`the data has no value ${name}`);
    return value;
  });
}
