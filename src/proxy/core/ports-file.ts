/** Sticky ports: a connection keeps its local port over restarts, so that saved settings of native clients stay right. */
import { readFileSync } from 'node:fs';
import { ConfigError, messageOf } from '../../base/errors.ts';
import { writeDurable } from '../../evidence/files.ts';

export class StickyPorts {
  readonly #file: string;
  readonly #ports: Map<string, number>;

  /** @throws ConfigError when the file is there but damaged: silently choosing new ports would surprise native clients. */
  constructor(file: string) {
    this.#file = file;
    this.#ports = read(file);
  }

  get(connection: string): number {
    return this.#ports.get(connection) ?? 0;
  }

  remember(connection: string, port: number): void {
    if (this.#ports.get(connection) === port) return;
    this.#ports.set(connection, port);
    writeDurable(this.#file, `${JSON.stringify({ v: 1, ports: Object.fromEntries(this.#ports) }, null, 2)}\n`);
  }
}

function read(file: string): Map<string, number> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return new Map();
  }
  try {
    const value = JSON.parse(text) as { v?: unknown; ports?: unknown };
    if (value.v !== 1 || typeof value.ports !== 'object' || value.ports === null) throw new Error('not a ports file');
    return new Map(Object.entries(value.ports).map(([k, p]) => {
      if (typeof p !== 'number' || !Number.isInteger(p) || p < 1 || p > 65_535) throw new Error(`port of ${k}`);
      return [k, p];
    }));
  } catch (error) {
    throw new ConfigError(`is damaged: ${messageOf(error)}`, { file, fix: 'delete it to choose new ports' });
  }
}
