/** Columns of PostgreSQL's own relations that show values of other tables, or text in which such values stand. */
const VALUE_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  pg_stats: ['most_common_vals', 'histogram_bounds', 'most_common_elems', 'range_length_histogram', 'range_bounds_histogram', 'most_common_freqs', 'elem_count_histogram', 'most_common_elem_freqs', 'correlation'],
  pg_statistic: ['stavalues1', 'stavalues2', 'stavalues3', 'stavalues4', 'stavalues5', 'stanumbers1', 'stanumbers2', 'stanumbers3', 'stanumbers4', 'stanumbers5'],
  pg_statistic_ext_data: ['stxdndistinct', 'stxddependencies', 'stxdmcv', 'stxdexpr'],
  pg_stats_ext: ['most_common_vals', 'most_common_val_nulls', 'most_common_freqs', 'most_common_base_freqs', 'n_distinct', 'dependencies'],
  pg_stats_ext_exprs: ['correlation', 'most_common_vals', 'histogram_bounds', 'most_common_elems', 'most_common_freqs', 'most_common_elem_freqs', 'elem_count_histogram'],
  pg_stat_activity: ['query'],
  pg_stat_statements: ['query'],
  pg_stat_statements_info: [],
  pg_stat_monitor: ['query', 'comments', 'query_plan'],
  pg_largeobject: ['data'],
  pg_prepared_statements: ['statement'],
  pg_cursors: ['statement'],
};

/** Extensions install their views in any schema; the names are known everywhere. */
const ANY_SCHEMA: ReadonlySet<string> = new Set(['pg_stat_statements', 'pg_stat_monitor']);

/** Functions behind such views. */
export const VALUE_FUNCTIONS: ReadonlySet<string> = new Set([
  'pg_stat_get_activity',
  'pg_stat_get_backend_activity',
  'pg_stat_statements',
  'pg_prepared_statement',
  'pg_cursor',
  'pg_stats_ext_mcvlist_items',
  'pg_mcv_list_items',
]);

/** Why reading the column is refused while classified columns exist, or undefined when it is harmless. */
export function internalValues(schema: string, table: string, column: string): string | undefined {
  if (schema !== 'pg_catalog' && !ANY_SCHEMA.has(table)) return undefined;
  if (!(VALUE_COLUMNS[table]?.includes(column) ?? false)) return undefined;
  return `${table}.${column} shows values of other tables or text of other statements; leave the column out`;
}
