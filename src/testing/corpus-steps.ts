/** Runs the steps of a case in one session: by simple queries, or by the extended protocol in text and again in binary. */
import * as wire from '../wire/postgres/index.ts';
import { fill, type Step } from './corpus-cases.ts';
import { noAnswer, type Answer, type CorpusClient } from './corpus-client.ts';

export type Mode = 'simple' | 'extended';

export interface StepContext {
  readonly client: CorpusClient;
  readonly mode: Mode;
  readonly values: ReadonlyMap<string, string>;
  /** As the owner, past the gateway. */
  readonly owner: (sql: string) => Promise<void>;
  /** Another session of the same way in. */
  readonly other: () => Promise<CorpusClient>;
  readonly functionOid: (signature: string) => Promise<number>;
}

/** What asking again in another format cannot change. */
export const readsOnly = (sql: string): boolean => /^\s*(select|with|table|values)\b/i.test(sql) && !/\b(insert|update|delete|merge|into|nextval|setval|lo_\w+|set_config|pg_notify|p_touch|p_any|dblink\w*)\b|;/i.test(sql);

const text = (v: string | null): Buffer | null => (v === null ? null : Buffer.from(v));

/** The answer of one step; of a step with several exchanges, the last one with what the others brought put before. */
export async function runStep(step: Step, c: StepContext): Promise<Answer> {
  const put = (s: string): string => fill(s, c.values);
  const { client } = c;
  if (typeof step === 'string') return c.mode === 'simple' ? simple(client, put(step)) : extended(client, put(step));
  if ('owner' in step) {
    await c.owner(put(step.owner));
    return noAnswer();
  }
  if ('other' in step) return simple(await c.other(), put(step.other));
  if ('copy' in step) {
    client.send(wire.encodeQuery(put(step.copy)));
    return client.answer([wire.encodeCopyData(Buffer.from(put(step.data))), wire.encodeCopyDone()]);
  }
  if ('call' in step) {
    client.send(wire.encodeFunctionCall(await c.functionOid(step.call), step.args.map((a) => text(put(a)))));
    return client.answer();
  }
  if ('pipeline' in step) {
    client.send(...step.pipeline.flatMap((sql) => [wire.encodeParse('', put(sql)), wire.encodeBind({}), wire.encodeDescribe('portal', ''), wire.encodeExecute('')]), wire.encodeSync());
    return client.answer();
  }
  const params = step.params.map((p) => text(p === null ? null : put(p)));
  if ('execute' in step) client.send(wire.encodeBind({ statement: step.execute, params, resultFormats: step.formats }), wire.encodeExecute(''), wire.encodeSync());
  else {
    const bind = wire.encodeBind({ statement: step.name, params, resultFormats: step.formats });
    const pieces = step.rows === 0 ? [wire.encodeExecute('')] : [wire.encodeExecute('', step.rows), wire.encodeExecute('', step.rows), wire.encodeExecute('')];
    client.send(wire.encodeParse(step.name, put(step.sql), step.types), bind, wire.encodeDescribe('portal', ''), ...pieces, wire.encodeSync());
  }
  return client.answer();
}

async function simple(client: CorpusClient, sql: string): Promise<Answer> {
  client.send(wire.encodeQuery(sql));
  return client.answer();
}

/** Text first, then binary without a Describe: what was asked once must hold for the same statement executed again. */
async function extended(client: CorpusClient, sql: string): Promise<Answer> {
  client.send(wire.encodeParse('', sql), wire.encodeBind({}), wire.encodeDescribe('portal', ''), wire.encodeExecute(''), wire.encodeSync());
  const first = await client.answer();
  if (first.errors.length > 0 || first.closed || first.held || first.rows.length === 0 || !readsOnly(sql)) return first;
  client.send(wire.encodeBind({ resultFormats: [1] }), wire.encodeExecute(''), wire.encodeSync());
  const second = await client.answer();
  // A type without a binary form is no finding.
  return { ...first, rows: [...first.rows, ...second.rows], notices: [...first.notices, ...second.notices], closed: second.closed };
}
