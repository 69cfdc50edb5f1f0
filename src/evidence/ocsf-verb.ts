/** What a statement's verb is in OCSF's Datastore Activity (class 6005). Pure. */

export interface DatastoreActivity {
  readonly id: number;
  /** Caption where `id` is 99. */
  readonly name: string;
}

const QUERY = 4;
const WRITE = 5;
const OTHER = 99;
const byFirstWord: Readonly<Record<string, number>> = {
  SELECT: QUERY,
  TABLE: QUERY,
  VALUES: QUERY,
  WITH: QUERY,
  FETCH: QUERY,
  SHOW: 1,
  EXPLAIN: 1,
  INSERT: WRITE,
  MERGE: 2,
  UPDATE: 2,
  ALTER: 2,
  REFRESH: 2,
  CREATE: 6,
  DELETE: 7,
  TRUNCATE: 7,
  DROP: 7,
};

/**
 * @param verb `SELECT`, `INSERT 0 1`, `DROP TABLE`: a verb as the recording names it, or a command tag
 * @param copy which way the rows of a COPY went, from the client's point of view
 */
export function datastoreActivity(verb: string, copy?: 'in' | 'out'): DatastoreActivity {
  if (copy !== undefined) return { id: copy === 'in' ? WRITE : QUERY, name: '' };
  const words = verb.trim().toUpperCase().split(/\s+/);
  const id = byFirstWord[words[0] ?? ''];
  if (id !== undefined) return { id, name: '' };
  const name = words.filter((w) => /^[A-Z]+$/.test(w)).join(' ');
  return { id: OTHER, name: name === '' ? 'Statement' : name.slice(0, 60) };
}
