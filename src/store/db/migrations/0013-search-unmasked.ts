/** Classes that an answer showed in clear. What was indexed before has none: recordings did not say it. */
import type { Migration } from './migration.ts';

export const searchUnmasked: Migration = {
  id: 13,
  name: 'search: classes shown in clear',
  sql: "alter table search_statements add column unmasked text[] not null default '{}';\n",
};
