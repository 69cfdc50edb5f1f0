/** The exporter's list of what is in an .srz: who took it out, when, for which question. */
import { count, exactly, hex32, list, object, text } from './parse.ts';

export interface ExportedFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface ExportStatement {
  readonly v: 1;
  readonly session_id: string;
  readonly files: readonly ExportedFile[];
  readonly exporter: { readonly iss: string; readonly sub: string; readonly name: string };
  /** Why it was exported: a ticket or a query. */
  readonly purpose: string;
  readonly t: number;
}

/** @throws MalformedError naming the member that is wrong. */
export function parseExport(value: unknown): ExportStatement {
  const o = object(value, 'export', ['v', 'session_id', 'files', 'exporter', 'purpose', 't']);
  const exporter = object(o['exporter'], 'export.exporter', ['iss', 'sub', 'name']);
  return {
    v: exactly(o['v'], 'export.v', 1),
    session_id: text(o['session_id'], 'export.session_id', 64),
    files: list(o['files'], 'export.files', file, 1_000_000),
    exporter: { iss: text(exporter['iss'], 'export.exporter.iss'), sub: text(exporter['sub'], 'export.exporter.sub'), name: text(exporter['name'], 'export.exporter.name') },
    purpose: text(o['purpose'], 'export.purpose'),
    t: count(o['t'], 'export.t'),
  };
}

function file(value: unknown, what: string): ExportedFile {
  const o = object(value, what, ['name', 'sha256', 'bytes']);
  return { name: text(o['name'], `${what}.name`, 255), sha256: hex32(o['sha256'], `${what}.sha256`), bytes: count(o['bytes'], `${what}.bytes`) };
}
