/**
 * PostgreSQL messages written by hand, byte layouts only: no code of src/wire is used here, so that a mistake there
 * cannot cancel itself out.
 */
export type Part = Uint8Array | readonly Part[];

export const int8 = (n: number): Uint8Array => Uint8Array.of(n & 0xff);

export function int16(n: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(2));
  view.setInt16(0, n);
  return new Uint8Array(view.buffer);
}

export function int32(n: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setInt32(0, n);
  return new Uint8Array(view.buffer);
}

export const text = (s: string): Uint8Array => new TextEncoder().encode(s);
export const cstr = (s: string): Uint8Array => Uint8Array.of(...text(s), 0);

function flatten(part: Part): Uint8Array[] {
  return part instanceof Uint8Array ? [part] : part.flatMap(flatten);
}

export const join = (...parts: Part[]): Buffer => Buffer.concat(flatten(parts));

/** A typed message. */
export function message(type: string, ...parts: Part[]): Buffer {
  const body = join(...parts);
  return join(text(type), int32(body.length + 4), body);
}

/** A startup packet: length and body, without a type byte. */
export function packet(...parts: Part[]): Buffer {
  const body = join(...parts);
  return join(int32(body.length + 4), body);
}

/** Int32 length and bytes, or -1. */
export const value = (v: string | Uint8Array | null): Part => (v === null ? int32(-1) : typeof v === 'string' ? [int32(text(v).length), text(v)] : [int32(v.length), v]);

export const counted = (items: readonly Part[]): Part => [int16(items.length), items];

export interface BuiltField {
  readonly name: string;
  readonly table?: number;
  readonly attnum?: number;
  readonly type?: number;
  readonly length?: number;
  readonly modifier?: number;
  readonly format?: number;
}

const field = (f: BuiltField): Part => [
  ...[cstr(f.name), int32(f.table ?? 0), int16(f.attnum ?? 0), int32(f.type ?? 25)],
  ...[int16(f.length ?? -1), int32(f.modifier ?? -1), int16(f.format ?? 0)],
];

/** What a client says. */
export const client = {
  sslRequest: () => packet(int32(80877103)),
  gssEncRequest: () => packet(int32(80877104)),
  cancel: (pid: number, key: Uint8Array) => packet(int32(80877102), int32(pid), key),
  startup: (params: Readonly<Record<string, string>>, version = 196608) =>
    packet(int32(version), Object.entries(params).map(([k, v]) => [cstr(k), cstr(v)]), int8(0)),
  password: (s: string) => message('p', cstr(s)),
  saslInitial: (mechanism: string, data: string | null) => message('p', cstr(mechanism), value(data)),
  saslResponse: (data: string) => message('p', text(data)),
  query: (sql: string) => message('Q', cstr(sql)),
  parse: (name: string, sql: string, types: readonly number[] = []) => message('P', cstr(name), cstr(sql), counted(types.map(int32))),
  bind: (
    portal: string,
    statement: string,
    paramFormats: readonly number[],
    params: readonly (string | Uint8Array | null)[],
    resultFormats: readonly number[],
  ) => message('B', cstr(portal), cstr(statement), counted(paramFormats.map(int16)), counted(params.map(value)), counted(resultFormats.map(int16))),
  describe: (kind: 'S' | 'P', name: string) => message('D', text(kind), cstr(name)),
  close: (kind: 'S' | 'P', name: string) => message('C', text(kind), cstr(name)),
  execute: (portal: string, rows: number) => message('E', cstr(portal), int32(rows)),
  sync: () => message('S'),
  flush: () => message('H'),
  copyData: (data: string) => message('d', text(data)),
  copyDone: () => message('c'),
  copyFail: (reason: string) => message('f', cstr(reason)),
  functionCall: (oid: number, formats: readonly number[], args: readonly (string | null)[], result: number) =>
    message('F', int32(oid), counted(formats.map(int16)), counted(args.map(value)), int16(result)),
  terminate: () => message('X'),
};

/** What a server says. */
export const server = {
  authOk: () => message('R', int32(0)),
  authPlain: (code: number, ...rest: Part[]) => message('R', int32(code), rest),
  authMd5: (salt: Uint8Array) => message('R', int32(5), salt),
  authSasl: (mechanisms: readonly string[]) => message('R', int32(10), mechanisms.map(cstr), int8(0)),
  authSaslContinue: (data: string) => message('R', int32(11), text(data)),
  authSaslFinal: (data: string) => message('R', int32(12), text(data)),
  keyData: (pid: number, key: Uint8Array) => message('K', int32(pid), key),
  parameterStatus: (name: string, v: string) => message('S', cstr(name), cstr(v)),
  ready: (status: string) => message('Z', text(status)),
  rowDescription: (fields: readonly BuiltField[]) => message('T', counted(fields.map(field))),
  dataRow: (cells: readonly (string | Uint8Array | null)[]) => message('D', counted(cells.map(value))),
  complete: (tag: string) => message('C', cstr(tag)),
  emptyQuery: () => message('I'),
  error: (fields: readonly (readonly [string, string])[]) => message('E', fields.map(([k, v]) => [text(k), cstr(v)]), int8(0)),
  notice: (fields: readonly (readonly [string, string])[]) => message('N', fields.map(([k, v]) => [text(k), cstr(v)]), int8(0)),
  notification: (pid: number, channel: string, payload: string) => message('A', int32(pid), cstr(channel), cstr(payload)),
  parameterDescription: (types: readonly number[]) => message('t', counted(types.map(int32))),
  parseComplete: () => message('1'),
  bindComplete: () => message('2'),
  closeComplete: () => message('3'),
  noData: () => message('n'),
  portalSuspended: () => message('s'),
  copyIn: (format: number, columns: readonly number[]) => message('G', int8(format), counted(columns.map(int16))),
  copyOut: (format: number, columns: readonly number[]) => message('H', int8(format), counted(columns.map(int16))),
  copyBoth: (format: number, columns: readonly number[]) => message('W', int8(format), counted(columns.map(int16))),
  copyData: (data: string) => message('d', text(data)),
  copyDone: () => message('c'),
  functionResult: (v: string | null) => message('V', value(v)),
  negotiate: (newest: number, options: readonly string[]) => message('v', int32(newest), int32(options.length), options.map(cstr)),
};
