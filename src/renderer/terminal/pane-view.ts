/** One terminal on the screen: the library's, with what the app adds to it. It lives outside React, so that its output stays while another screen is open. */
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { WebglAddon } from '@xterm/addon-webgl';
import { Terminal } from '@xterm/xterm';
import type { Settings } from '../../contract/ipc/settings.ts';
import { fontMono } from '../../ui/theme.ts';
import type { TerminalCommand } from './keys.ts';
import { terminalCommand } from './keys.ts';
import type { Pasted } from './paste.ts';
import { needsLook, pasted } from './paste.ts';
import { applyStyleAttributes, withStyleNonce } from './xterm-styles.ts';
import { darkTheme, findColours, lightTheme } from './xterm-theme.ts';

export interface Size {
  readonly cols: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
}

export interface Found {
  /** Of the match on screen, from 0; -1 for none. */
  readonly index: number;
  readonly count: number;
}

export interface PaneViewEvents {
  input(data: string, binary: boolean): void;
  resized(size: Size): void;
  /** Bytes are on the screen. */
  drawn(bytes: number): void;
  bell(): void;
  link(url: string): void;
  command(command: TerminalCommand): void;
  copy(text: string): void;
  /** Text that a person looks at before it is sent; `go` sends it. */
  look(paste: Pasted, bracketed: boolean, go: () => void): void;
  found(found: Found): void;
  title(title: string): void;
  focused(): void;
}

export type Scheme = 'light' | 'dark';
type TerminalSettings = Pick<Settings, 'terminalFont' | 'terminalFontPx' | 'terminalScrollback' | 'terminalScreenReader'>;

const fonts = { builtin: fontMono, system: 'ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace' } as const;
/** Browsers give a page a bounded number of WebGL contexts. */
const WEBGL_PANES = 8;
let webglPanes = 0;
const mac = navigator.userAgent.includes('Mac OS');

export class PaneView {
  /** To be put where the pane is shown. */
  readonly element = document.createElement('div');
  readonly #term: Terminal;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();
  readonly #events: PaneViewEvents;
  #scheme: Scheme;
  #opened = false;
  #webgl: WebglAddon | undefined;
  #unstyle: () => void = () => undefined;
  /** What is looked for; its marks have the colours of a scheme. */
  #sought = '';

  constructor(settings: TerminalSettings, scheme: Scheme, events: PaneViewEvents) {
    this.#events = events;
    this.#scheme = scheme;
    this.#term = new Terminal({
      ...optionsOf(settings),
      theme: scheme === 'light' ? lightTheme : darkTheme,
      allowProposedApi: true,
      cursorBlink: true,
      macOptionIsMeta: true,
      rightClickSelectsWord: false,
      minimumContrastRatio: 4.5,
      linkHandler: { activate: (_event, url) => events.link(url) },
    });
    this.#term.loadAddon(this.#fit);
    this.#term.loadAddon(this.#search);
    this.#term.loadAddon(new Unicode11Addon());
    this.#term.unicode.activeVersion = '11';
    this.#term.loadAddon(new WebLinksAddon((_event, url) => events.link(url)));
    this.#listen();
  }

  #listen(): void {
    const term = this.#term;
    const events = this.#events;
    term.onData((data) => events.input(data, false));
    term.onBinary((data) => events.input(data, true));
    term.onBell(() => events.bell());
    term.onTitleChange((title) => events.title(title));
    term.onResize(() => events.resized(this.size));
    this.#search.onDidChangeResults(({ resultIndex, resultCount }) => events.found({ index: resultIndex, count: resultCount }));
    term.attachCustomKeyEventHandler((event) => this.#key(event));
    // Before the library sees it: what is pasted is cleaned, and looked at.
    this.element.addEventListener('paste', (event) => this.#paste(event), { capture: true });
    this.element.addEventListener('focusin', () => events.focused());
  }

  /** Puts it into a page element that is shown; sizes and fonts can be measured from then on. */
  mount(host: HTMLElement): void {
    host.append(this.element);
    if (!this.#opened) {
      this.#opened = true;
      this.element.className = 'terminal-host';
      withStyleNonce(() => this.#term.open(this.element));
      this.#drawWithWebgl();
    }
    this.fit();
  }

  #drawWithWebgl(): void {
    const rows = this.element.querySelector('.xterm-screen');
    if (rows !== null) this.#unstyle = applyStyleAttributes(rows);
    if (webglPanes >= WEBGL_PANES) return;
    const webgl = new WebglAddon();
    try {
      this.#term.loadAddon(webgl);
    } catch {
      // No WebGL on this machine: the library draws with elements of the page.
      return;
    }
    webglPanes++;
    this.#webgl = webgl;
    webgl.onContextLoss(() => this.#endWebgl());
  }

  #endWebgl(): void {
    const webgl = this.#webgl;
    if (webgl === undefined) return;
    this.#webgl = undefined;
    webglPanes--;
    withStyleNonce(() => webgl.dispose());
  }

  get size(): Size {
    const { cols, rows } = this.#term;
    const screen = this.element.querySelector('.xterm-screen');
    return { cols, rows, width: Math.round(screen?.clientWidth ?? 0), height: Math.round(screen?.clientHeight ?? 0) };
  }

  /** Takes the room that there is. A pane that is not shown keeps its size. */
  fit(): void {
    const room = this.#opened && this.element.clientWidth > 0 ? this.#fit.proposeDimensions() : undefined;
    if (room === undefined || !Number.isFinite(room.cols) || !Number.isFinite(room.rows)) return;
    this.#term.resize(Math.max(2, room.cols), Math.max(1, room.rows));
  }

  write(data: Uint8Array): void {
    this.#term.write(data, () => this.#events.drawn(data.length));
  }

  /** A line of the app's own, on a line of its own. */
  note(text: string): void {
    this.#term.write(`\r\n\u001b[0m\u001b[2m${text}\u001b[0m\r\n`);
  }

  /** Modes that a program had set and could not reset: mouse, alternate screen, hidden cursor. What was shown stays. */
  resetModes(): void {
    // Leaving the alternate screen brings the cursor back to where it was saved, also where it was never entered.
    const leave = this.#term.buffer.active.type === 'alternate' ? '\u001b[?1049l' : '';
    this.#term.write(`${leave}\u001b[?1000;1002;1003;1006;2004l\u001b[?25h\u001b[!p`);
  }

  focus(): void {
    this.#term.focus();
  }

  use(settings: TerminalSettings, scheme: Scheme): void {
    this.#term.options = { ...optionsOf(settings), theme: scheme === 'light' ? lightTheme : darkTheme };
    const recolour = scheme !== this.#scheme && this.#sought !== '';
    this.#scheme = scheme;
    this.fit();
    if (!recolour) return;
    // The add-on draws its marks anew only for another text. Forward and incremental: the match in front stays it.
    this.#search.clearDecorations();
    this.find(this.#sought, true, true);
  }

  find(text: string, forward: boolean, incremental: boolean): void {
    this.#sought = text;
    if (text === '') {
      this.#search.clearDecorations();
      this.#events.found({ index: -1, count: 0 });
      return;
    }
    const options = { incremental, decorations: findColours[this.#scheme] };
    if (forward) this.#search.findNext(text, options);
    else this.#search.findPrevious(text, options);
  }

  endFind(): void {
    this.#sought = '';
    this.#search.clearDecorations();
    this.#term.clearSelection();
  }

  get selection(): string {
    return this.#term.getSelection();
  }

  dispose(): void {
    this.#unstyle();
    this.#endWebgl();
    withStyleNonce(() => this.#term.dispose());
    this.element.remove();
  }

  /** @returns false for what the library leaves alone */
  #key(event: KeyboardEvent): boolean {
    const command = terminalCommand(event, mac);
    if (command === undefined) return true;
    if (command.kind === 'app' || event.type !== 'keydown') return false;
    event.preventDefault();
    if (command.kind === 'send') this.#events.input(command.data, false);
    else if (command.kind === 'copy') this.#copy();
    else this.#events.command(command);
    return false;
  }

  #copy(): void {
    const text = this.selection;
    if (text !== '') this.#events.copy(text);
  }

  #paste(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
    const paste = pasted(event.clipboardData?.getData('text/plain') ?? '');
    if (paste.text === '') return;
    const go = (): void => {
      this.#term.paste(paste.text);
      this.#term.focus();
    };
    if (needsLook(paste) || paste.removed > 0) this.#events.look(paste, this.#term.modes.bracketedPasteMode, go);
    else go();
  }
}

const optionsOf = (s: TerminalSettings) => ({ fontFamily: fonts[s.terminalFont], fontSize: s.terminalFontPx, scrollback: s.terminalScrollback, screenReaderMode: s.terminalScreenReader });
