/** Results of a tab's last run, kept in main for the CSV export. Only what the window was sent: masked. */
import type { ResultColumn, Row } from '../../contract/ipc/common.ts';

export interface KeptResult {
  readonly columns: readonly ResultColumn[];
  readonly rows: Row[];
}

export class ResultStore {
  readonly #results = new Map<string, KeptResult>();

  clear(): void {
    this.#results.clear();
  }

  begin(id: string, columns: readonly ResultColumn[]): KeptResult {
    const kept: KeptResult = { columns, rows: [] };
    this.#results.set(id, kept);
    return kept;
  }

  get(id: string): KeptResult | undefined {
    return this.#results.get(id);
  }
}
