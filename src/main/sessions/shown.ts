/** What the terminals of a recording showed, a page at a time: one reader that is kept open between two pages. */
import type { SessionId } from '../../base/ids.ts';
import type { z } from 'zod';
import type { shownPage } from '../../contract/ipc/sessions.ts';
import { nodeSha256 } from '../../evidence/node-crypto.ts';
import { readRecords, type ReadRecord } from '../../evidence/read.ts';
import type { RecordingSource } from '../../evidence/source.ts';
import { shownOf, type Shown } from '../../ui/terminal/shown.ts';

type Page = z.infer<typeof shownPage>;

/** A page is as long as this, and the record that ends it. */
const PAGE_CHARS = 256 * 1024;
const PAGE_EVENTS = 4_000;

interface Reader {
  readonly id: SessionId;
  readonly records: AsyncGenerator<ReadRecord>;
  /** The record that it read last. */
  n: number | null;
}

export class ShownReader {
  readonly #source: (id: SessionId) => Promise<RecordingSource>;
  #reader: Reader | undefined;

  constructor(source: (id: SessionId) => Promise<RecordingSource>) {
    this.#source = source;
  }

  /** Events of records after `after`. @throws MalformedError where the recording cannot be read on */
  async page(id: SessionId, after: number | null): Promise<Page> {
    const reader = await this.#at(id, after);
    const events: Shown[] = [];
    let chars = 0;
    while (chars < PAGE_CHARS && events.length < PAGE_EVENTS) {
      const next = await reader.records.next();
      if (next.done === true) {
        this.#reader = undefined;
        return { events, after: null };
      }
      reader.n = next.value.n;
      if (after !== null && reader.n <= after) continue;
      const shown = shownOf(next.value);
      if (shown === undefined) continue;
      events.push(shown);
      if (shown.kind === 'text') chars += shown.text.length;
    }
    return { events, after: reader.n };
  }

  /** The reader that stands there, or a new one: another session, or a page that is asked for again. */
  async #at(id: SessionId, after: number | null): Promise<Reader> {
    const known = this.#reader;
    if (known?.id === id && known.n === after) return known;
    await known?.records.return(undefined);
    const log = (await this.#source(id)).log() ?? nothing();
    const reader: Reader = { id, records: readRecords(log, nodeSha256), n: null };
    this.#reader = reader;
    return reader;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // A recording without a log has shown nothing.
}
