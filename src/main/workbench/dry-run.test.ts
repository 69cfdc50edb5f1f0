import { describe, expect, it } from 'vitest';
import type { DryRunReply } from '../../contract/ipc/workbench.ts';
import { shopBench } from '../../testing/bench.ts';
import { explainText, forecast } from './dry-run.ts';

const bench = await shopBench();
const live = (): AbortSignal => new AbortController().signal;

async function decided(sql: string): Promise<Extract<DryRunReply, { state: 'decided' }>> {
  const reply = await forecast(sql, bench, live());
  if (reply.state !== 'decided') throw new Error(reply.message);
  return reply;
}

describe('forecast', () => {
  it('places statements by characters, whatever stands between them', async () => {
    const sql = "-- é: select 1\n  SELECT '😀' AS x ;; /* c */ SELECT id FROM customers ORDER BY email\n;";
    const { statements } = await decided(sql);
    expect(statements.map((s) => sql.slice(s.from, s.to))).toEqual(["SELECT '😀' AS x", 'SELECT id FROM customers ORDER BY email']);
    expect(statements[1]?.explanations.map((e) => sql.slice(e.from, e.to))).toEqual(['ORDER BY email']);
  });

  it('moves offers to their statement', async () => {
    const sql = "SELECT 1; DELETE FROM orders";
    const [, second] = (await decided(sql)).statements;
    const offer = second?.explanations[0]?.offers[0];
    if (offer?.kind !== 'edit' || offer.select === undefined) throw new Error('no change offered');
    const [edit] = offer.edits;
    expect(edit).toEqual({ from: sql.length, to: sql.length, insert: " WHERE id = ''" });
    expect(offer.select.from).toBe(sql.length + " WHERE id = '".length);
  });

  it('decides the whole statements while one is being typed', async () => {
    const sql = 'DROP DATABASE shop;\nSELECT id FROM customers WHERE ;\nSELECT 2';
    const { statements, unparsed } = await decided(sql);
    expect(statements.map((s) => [sql.slice(s.from, s.to), s.effect])).toEqual([['DROP DATABASE shop', 'deny'], ['SELECT 2', 'allow']]);
    expect(unparsed.map((u) => [sql.slice(u.from, u.to), u.message])).toEqual([['WHERE', 'syntax error at end of input']]);
  });

  it('says where a text stops to make sense', async () => {
    const sql = '  SELECT 1 FROM FROM x';
    expect(await forecast(sql, bench, live())).toEqual({ state: 'unparsed', message: 'syntax error at or near "FROM"', at: { from: 16, to: 20 } });
    expect(await forecast('SELECT', bench, live())).toMatchObject({ state: 'decided' });
    expect(await forecast('', bench, live())).toMatchObject({ state: 'decided', statements: [] });
  });

  it('stops when the text has changed', async () => {
    const sql = Array.from({ length: 600 }, (_, i) => `SELECT id, email, ${i} FROM customers ORDER BY email`).join(';');
    const controller = new AbortController();
    const asked = forecast(sql, bench, controller.signal);
    controller.abort(new Error('changed'));
    await expect(asked).rejects.toThrow('changed');
  });

  it('agrees with the decision on every statement', async () => {
    const { statements } = await decided('SELECT id, email FROM customers; TRUNCATE orders; DROP DATABASE shop');
    expect(statements.map((s) => [s.effect, s.masked.length, s.approvers.join()])).toEqual([['allow', 1, ''], ['hold', 0, 'dba'], ['deny', 0, '']]);
  });
});

describe('a run that was stopped', () => {
  it('is explained by its causes alone', () => {
    expect(explainText('SELECT email FROM customers; SELECT emial FROM customers', bench).map((e) => e.severity)).toEqual(['denied']);
  });
});
