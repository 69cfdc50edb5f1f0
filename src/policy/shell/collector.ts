/** Gathers what the analysis of one line finds, bounded and without repetition. */
import type { TextPlace } from '../types.ts';
import { shellLimits } from './limits.ts';
import type { CommandAnalysis, Effect, FileAccess, Opaque, OpaqueReason, SimpleCommand } from './types.ts';

export class Collector {
  readonly #commands: SimpleCommand[] = [];
  readonly #files = new Map<string, FileAccess>();
  readonly #forms = new Set<string>();
  readonly #touches = new Set<Effect>();
  readonly #opaque = new Map<string, Opaque>();
  #nestedChars = 0;

  command(c: Omit<SimpleCommand, 'at'>, at?: TextPlace): void {
    if (this.#commands.length >= shellLimits.commands) return this.opaque('limit', `more than ${shellLimits.commands} programs in one line`);
    this.#commands.push(at === undefined ? c : { ...c, at });
    if (c.program !== '') this.#forms.add(c.program);
  }

  form(text: string): void {
    if (this.#forms.size < shellLimits.commands) this.#forms.add(text);
  }

  file(f: FileAccess): void {
    const key = `${f.access}\0${f.path}\0${f.by}\0${f.recursive}\0${f.pattern}`;
    if (this.#files.has(key)) return;
    if (this.#files.size >= shellLimits.files) return this.opaque('limit', `more than ${shellLimits.files} files in one line`);
    this.#files.set(key, f);
  }

  touch(...effects: readonly Effect[]): void {
    for (const e of effects) this.#touches.add(e);
  }

  opaque(reason: OpaqueReason, detail: string): void {
    const shown = detail.length > 200 ? `${detail.slice(0, 200)}...` : detail;
    if (this.#opaque.size < 50) this.#opaque.set(`${reason}\0${shown}`, { reason, detail: shown });
  }

  /** False when so much text has been read again that no more is. */
  mayRead(chars: number): boolean {
    this.#nestedChars += chars;
    return this.#nestedChars <= shellLimits.nestedChars;
  }

  result(text: string): CommandAnalysis {
    return {
      text,
      commands: this.#commands,
      files: [...this.#files.values()],
      programs: [...new Set(this.#commands.map((c) => c.program).filter((p) => p !== ''))].sort(),
      forms: [...this.#forms].sort(),
      touches: [...this.#touches].sort(),
      opaque: [...this.#opaque.values()],
    };
  }
}
