/** COPY TO STDOUT on its way to the client: masked by the statement's plan, kept for the recording up to a bound. */
import { createHash } from 'node:crypto';
import { DeniedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { copyOptions } from '../../policy/copy-options.ts';
import { CopyOutMasker } from '../../policy/mask/index.ts';
import type { MaskPlan, RecordLevel, StatementAnalysis } from '../../policy/types.ts';
import { encodeCopyData } from '../../wire/postgres/index.ts';
import type { SessionContext } from './context.ts';
import type { Output } from './output.ts';

/** Why the data of a COPY TO STDOUT could not be masked; undefined when it can. Asked before the statement runs. */
export function copyOutProblem(sql: string): string | undefined {
  const options = copyOptions(sql);
  if (!options) return 'the form of this COPY is not understood, so its data cannot be masked';
  if (options.format !== 'binary' && !/^(utf-?8|unicode)$/i.test(options.encoding)) return `COPY with encoding ${options.encoding} cannot be masked: use UTF8`;
  return undefined;
}

export class CopyOut {
  readonly #masker: CopyOutMasker | undefined;
  readonly #context: SessionContext;
  readonly #record: number;
  readonly #keep: number;
  readonly #hash = createHash('sha256');
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #bytes = 0;

  /** @throws DeniedError when the data's form is not understood. */
  constructor(analysis: StatementAnalysis, plan: MaskPlan, context: SessionContext, record: number, level: RecordLevel) {
    this.#context = context;
    this.#record = record;
    this.#keep = level === 'statement' ? 0 : limits.recordedResponseBytes;
    if (context.engine.classes.length === 0) return;
    const options = copyOptions(analysis.sql);
    const problem = copyOutProblem(analysis.sql);
    if (!options || problem !== undefined) throw new DeniedError(problem ?? 'this COPY cannot be masked');
    const output = typeof analysis.output === 'string' ? [] : analysis.output;
    const columns = output.map((c) => {
      const source = c.exact ? c.sources[0] : undefined;
      const typeOid = source && context.catalog.view?.relation(source.schema, source.table)?.columns.find((x) => x.name === source.column)?.typeOid;
      return { name: c.name, ...(typeOid === undefined ? {} : { typeOid }) };
    });
    this.#masker = new CopyOutMasker(plan, columns, options, context.masks);
  }

  data(source: Buffer, start: number, end: number, body: Buffer, out: Output): void {
    if (!this.#masker) {
      out.view(source, start, end);
      this.#keepBytes(body);
      return;
    }
    for (const piece of this.#masker.push(body)) {
      // The server sends a row per message: one that no mask has touched goes on as the message that came.
      if (piece.length === body.length && piece.buffer === body.buffer && piece.byteOffset === body.byteOffset) {
        out.view(source, start, end);
        this.#keepBytes(piece);
      } else this.#send(piece, out);
    }
  }

  end(out: Output): void {
    for (const piece of this.#masker?.end() ?? []) this.#send(piece, out);
    const data = this.#kept.length > 0 ? Buffer.concat(this.#kept) : undefined;
    this.#context.journal.copy(this.#record, 'out', this.#bytes, this.#hash.digest('hex'), data?.toString('utf8'));
  }

  #send(piece: Buffer, out: Output): void {
    out.push(encodeCopyData(piece));
    this.#keepBytes(piece);
  }

  #keepBytes(piece: Buffer): void {
    this.#bytes += piece.length;
    this.#hash.update(piece);
    if (this.#keptBytes + piece.length > this.#keep) return;
    this.#kept.push(piece);
    this.#keptBytes += piece.length;
  }
}
