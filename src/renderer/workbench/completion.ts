/** Tables and columns for completion, with type and data class as the detail. Pure. */
import type { Completion } from '@codemirror/autocomplete';
import type { SQLNamespace } from '@codemirror/lang-sql';
import type { SchemaReply, SchemaTable } from '../../contract/ipc/workbench.ts';

const columnCompletions = (table: SchemaTable): Completion[] =>
  table.columns.map((c) => ({ label: c.name, type: 'property', detail: c.classId === undefined ? c.type : `${c.type} · masked: ${c.classId}` }));

const tableNamespace = (table: SchemaTable): SQLNamespace => ({
  self: { label: table.name, type: table.kind === 'view' || table.kind === 'materialized view' ? 'interface' : 'class', detail: table.kind },
  children: columnCompletions(table),
});

/** Schemas contain their tables; what the search path reaches is offered without its schema as well. */
export function toNamespace(schema: SchemaReply): SQLNamespace {
  const out: Record<string, SQLNamespace> = {};
  for (const name of new Set(schema.tables.map((t) => t.schema))) {
    out[name] = {
      self: { label: name, type: 'namespace', detail: 'schema' },
      children: Object.fromEntries(schema.tables.filter((t) => t.schema === name).map((t) => [t.name, tableNamespace(t)])),
    };
  }
  // Earlier schemas of the path win, so they are written last.
  for (const path of [...schema.searchPath].reverse()) for (const t of schema.tables) if (t.schema === path) out[t.name] = tableNamespace(t);
  return out;
}
