/** Finds the data class of a column. Rules are compiled once and answers remembered, so a lookup costs a map access. */
import type { CatalogRelation, ColumnRef, DataClass, MaskKind } from '../types.ts';
import { matchesColumn, matchesTable, parseColumnGlob } from './glob.ts';
import type { ColumnGlob } from './glob.ts';

/** A class with its exceptions: columns that its globs would catch but that hold nothing of the class. */
export interface ClassSource extends DataClass {
  readonly except: readonly string[];
}

interface Compiled {
  readonly source: DataClass;
  readonly columns: readonly ColumnGlob[];
  readonly except: readonly ColumnGlob[];
}

/** Masks by how little they reveal. A token says "equal or not"; partial shows some of the value itself. */
const STRICTNESS: Record<MaskKind, number> = { partial: 0, token: 1, full: 2, null: 3 };

export function stricterMask(a: MaskKind, b: MaskKind): MaskKind {
  return STRICTNESS[a] >= STRICTNESS[b] ? a : b;
}

const REMEMBERED = 50_000;

export class Classifier {
  readonly classes: readonly DataClass[];
  readonly #compiled: readonly Compiled[];
  readonly #columns = new Map<string, DataClass | undefined>();
  readonly #tables = new Map<string, readonly string[]>();

  /** @throws Error for a glob that is none; bundle loading has reported those before. */
  constructor(sources: readonly ClassSource[]) {
    this.classes = sources.map(({ id, columns, detectors, mask, predicates }) => ({ id, columns, detectors, mask, predicates }));
    this.#compiled = sources.map((s, i) => ({
      source: this.classes[i] ?? s,
      columns: s.columns.map(parseColumnGlob),
      except: s.except.map(parseColumnGlob),
    }));
  }

  /** The class of a column; where several classes claim it, the one that reveals least, then the first in the file. */
  classify(connection: string, column: ColumnRef): DataClass | undefined {
    const key = `${connection}\0${column.schema}\0${column.table}\0${column.column}`;
    if (this.#columns.has(key)) return this.#columns.get(key);
    let found: DataClass | undefined;
    for (const c of this.#compiled) {
      if (!c.columns.some((g) => matchesColumn(g, connection, column))) continue;
      if (c.except.some((g) => matchesColumn(g, connection, column))) continue;
      if (found === undefined || STRICTNESS[c.source.mask.kind] > STRICTNESS[found.mask.kind]) found = c.source;
    }
    if (this.#columns.size >= REMEMBERED) this.#columns.clear();
    this.#columns.set(key, found);
    return found;
  }

  /** Ids of classes that could claim a column of this table, whatever its columns are. */
  classesOfTable(connection: string, schema: string, table: string): readonly string[] {
    const key = `${connection}\0${schema}\0${table}`;
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const ids = this.#compiled.filter((c) => c.columns.some((g) => matchesTable(g, connection, schema, table))).map((c) => c.source.id);
    if (this.#tables.size >= REMEMBERED) this.#tables.clear();
    this.#tables.set(key, ids);
    return ids;
  }
}

/** True when any column of a known relation is classified: such a table must resolve or the statement is refused. */
export function isClassifiedTable(
  relation: Pick<CatalogRelation, 'schema' | 'name' | 'columns'>,
  classify: (column: ColumnRef) => DataClass | undefined,
): boolean {
  return relation.columns.some((c) => classify({ schema: relation.schema, table: relation.name, column: c.name }) !== undefined);
}
