/** SQL workbench: tabs, runs, dry run, plan, schema, history, CSV. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, EnvironmentError, messageOf } from '../../base/errors.ts';
import type { SqlError } from '../../contract/ipc/common.ts';
import { workbenchSlice, type SavedReply, type SchemaReply } from '../../contract/ipc/workbench.ts';
import type { SliceHandlers } from '../../contract/ipc/slice.ts';
import { hideLiterals } from '../../policy/literals.ts';
import { createDetectors, maskText } from '../../policy/mask/index.ts';
import type { CatalogRelation } from '../../policy/types.ts';
import { csvLines } from '../../ui/csv.ts';
import { describeError } from '../app/log.ts';
import type { QuerySink } from '../workbench/connection.ts';
import { forecast } from '../workbench/dry-run.ts';
import { History } from '../workbench/history.ts';
import { typeName } from '../workbench/pg-types.ts';
import type { KeptResult } from '../workbench/result-store.ts';
import { toSqlError } from '../workbench/sql-error.ts';
import { Tabs, type Tab } from '../workbench/tabs.ts';
import type { Work } from '../work/work.ts';
import type { AskWhere, SliceContext } from './context.ts';

const KINDS: Readonly<Record<string, SchemaReply['tables'][number]['kind']>> = { r: 'table', v: 'view', m: 'materialized view', f: 'foreign table', p: 'partitioned table' };
const SYSTEM = new Set(['pg_catalog', 'information_schema']);

/** The workbench of one signed-in person. */
class Workbench {
  readonly work: Work;
  readonly tabs: Tabs;
  readonly history: History;
  readonly #masks: Parameters<typeof maskText>[2];
  readonly #log: SliceContext['log'];

  constructor(work: Work, context: SliceContext) {
    this.work = work;
    this.#log = context.log;
    this.history = History.open(work.personDir);
    this.#masks = { tokenKey: randomBytes(32), detectors: createDetectors(work.bundle.engine.classes) };
    this.tabs = new Tabs({
      work,
      emit: (event) => context.emit(workbenchSlice, 'event', event),
      remember: (entry) => {
        this.masked(entry.connection, entry.sql)
          .then((masked) => this.history.add(entry, masked))
          .catch((error: unknown) => this.#log.write('warning', 'history.not_kept', describeError(error)));
      },
      unexplained: (error) => this.#log.write('warning', 'denial.not_explained', describeError(error)),
      idleMinutes: () => context.settings().keepAliveMinutes,
    });
  }

  /** The statement as the recording shows it: detected values masked, and all literals where classified columns are near. */
  async masked(connection: string, sql: string): Promise<string> {
    const bench = await (await this.work.runtime.listenerOf(connection)).bench('app');
    const sensitive = bench.analyse(sql).some((s) => s.reads.length > 0 || s.refusal !== undefined || s.facts.writes);
    const text = sensitive ? hideLiterals(sql, () => '…') : sql;
    return maskText(text, { columns: 'detect_all', unmasked: [], scrubMessages: false }, this.#masks).text;
  }
}

export function workbenchHandlers(context: SliceContext, askWhere: AskWhere): { handlers: SliceHandlers<typeof workbenchSlice>; approvalsSeen(id: string, approvals: number): void } {
  const benches = new WeakMap<Work, Workbench>();
  const bench = (): Workbench => {
    const work = context.need();
    const known = benches.get(work) ?? new Workbench(work, context);
    benches.set(work, known);
    return known;
  };
  const handlers: SliceHandlers<typeof workbenchSlice> = {
    open: async ({ connection }) => {
      const { work, tabs } = bench();
      const { tab, session } = await tabs.open(connection);
      const info = work.runtime.targets.find((t) => t.info.name === connection)?.info;
      return {
        ...{ tabId: tab.id, connection, database: info?.database ?? '', labels: { ...info?.labels }, sessionId: session.sessionId },
        ...(session.serverVersion === undefined ? {} : { serverVersion: `PostgreSQL ${session.serverVersion}` }),
      };
    },
    close: ({ tabId }) => {
      bench().tabs.close(tabId);
      return null;
    },
    run: ({ tabId, sql, maxRows }) => {
      const { tabs } = bench();
      return { runId: tabs.start(tabs.get(tabId), sql, maxRows) };
    },
    cancel: ({ tabId }) => {
      bench().tabs.get(tabId).session?.cancel();
      return null;
    },
    dryRun: async ({ tabId, sql }) => {
      const { work, tabs } = bench();
      const tab = tabs.get(tabId);
      // Only the newest text of a tab counts.
      tab.forecast?.abort(new EnvironmentError('env.cancelled', 'the text has changed'));
      const { signal } = (tab.forecast = new AbortController());
      return forecast(sql, await (await work.runtime.listenerOf(tab.connection)).bench('app'), signal);
    },
    explain: async ({ tabId, sql, analyze }) => {
      const { tabs } = bench();
      return explain(tabs, tabs.get(tabId), `EXPLAIN ${analyze ? 'ANALYZE ' : ''}${sql}`);
    },
    schema: async ({ tabId }) => {
      const { work, tabs } = bench();
      const { connection } = tabs.get(tabId);
      const relations = await (await work.runtime.listenerOf(connection)).relations();
      return { searchPath: ['public'], tables: relations.filter((r) => KINDS[r.kind] !== undefined && !SYSTEM.has(r.schema)).map((r) => toTable(work, connection, r)) };
    },
    history: (query) => bench().history.find(query),
    exportCsv: async ({ tabId, resultId, suggestedName }) => {
      const kept = bench().tabs.get(tabId).results.get(resultId);
      if (kept === undefined) throw new ConfigError('this result is no longer kept', { fix: 'run the statement again' });
      const file = await askWhere(suggestedName, 'csv');
      return file === undefined ? { saved: false } : saveCsv(file, kept);
    },
  };
  return { handlers, approvalsSeen: (id, approvals) => benches.get(context.need())?.tabs.approvalsSeen(id, approvals) };
}

async function explain(tabs: Tabs, tab: Tab, sql: string): Promise<{ ok: true; lines: string[]; elapsedMs: number } | { ok: false; error: SqlError }> {
  const lines: string[] = [];
  const failed: SqlError[] = [];
  const sink: QuerySink = { columns: () => undefined, row: (cells) => void lines.push(cells[0] ?? ''), copyOut: () => undefined, complete: () => undefined, notice: () => undefined, error: (fields) => void failed.push(toSqlError(fields)), pause: () => undefined };
  const began = performance.now();
  await tabs.ask(tab, sql, sink);
  const error = failed[0];
  return error === undefined ? { ok: true, lines, elapsedMs: performance.now() - began } : { ok: false, error };
}

function toTable(work: Work, connection: string, r: CatalogRelation): SchemaReply['tables'][number] {
  const columns = r.columns.map((c) => {
    const classId = work.bundle.engine.classify(connection, { schema: r.schema, table: r.name, column: c.name })?.id;
    return { name: c.name, type: typeName(c.typeOid), ...(classId === undefined ? {} : { classId }) };
  });
  return { schema: r.schema, name: r.name, kind: KINDS[r.kind] ?? 'table', columns };
}

/** All or nothing, and for its owner only. @throws EnvironmentError */
function saveCsv(file: string, kept: KeptResult): SavedReply {
  const temporary = `${file}.part`;
  let sizeBytes = 0;
  try {
    const fd = openSync(temporary, 'w', 0o600);
    try {
      for (const line of csvLines(kept.columns, kept.rows)) sizeBytes += writeSync(fd, line);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new EnvironmentError('env.io', `the file cannot be written: ${messageOf(cause)}`, { cause });
  }
  return { saved: true, basename: path.basename(file), sizeBytes };
}
