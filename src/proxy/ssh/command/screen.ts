/** What the client's terminal shows, so that a prompt can be put on it properly: on a line of its own, with a program's modes taken back. */
import type { FilterMaker } from '../filters.ts';
import { Screen } from '../terminal/screen.ts';

const ESC = '\u001b';

export class ClientScreen {
  readonly #screen: Screen;

  constructor(cols: number, rows: number) {
    this.#screen = new Screen(cols, rows);
  }

  shown(bytes: Uint8Array): void {
    this.#screen.feed(bytes);
  }

  resize(cols: number, rows: number): void {
    this.#screen.resize(cols, rows);
  }

  /** A filter that tells this screen what it lets through. */
  watching(make: FilterMaker): FilterMaker {
    return (fd, late) => {
      const filter = make(fd, (bytes) => {
        this.shown(bytes);
        late(bytes);
      });
      const seen = (bytes: Buffer): Buffer => {
        this.shown(bytes);
        return bytes;
      };
      return {
        write: (bytes) => seen(filter.write(bytes)),
        flush: () => seen(filter.flush()),
        end: () => filter.end(),
        typed: (bytes) => filter.typed(bytes),
        resize: (cols, rows) => filter.resize(cols, rows),
        get counts() {
          return filter.counts;
        },
      };
    };
  }

  /** Before a prompt: what a program may have left behind is taken back, and the cursor is at the left edge. */
  tidy(): string {
    const { modes, alternate } = this.#screen;
    const off = [...(alternate ? [1049] : []), ...(modes.applicationCursorKeysMode ? [1] : []), ...(modes.mouseTrackingMode === 'none' ? [] : [1000, 1002, 1003, 1006]), ...(modes.sendFocusMode ? [1004] : [])];
    const modesOff = off.map((n) => `${ESC}[?${n}l`).join('');
    const inserting = modes.insertMode ? `${ESC}[4l` : '';
    const keypad = modes.applicationKeypadMode ? `${ESC}>` : '';
    return `${modesOff}${inserting}${keypad}${ESC}[0m${ESC}[?25h${this.#screen.cursor.x > 0 ? '\r\n' : ''}`;
  }
}
