// Progress for people. Everything goes to stderr, so that a script's stdout stays free for its result.
import { realpathSync } from 'node:fs';
const started = Date.now();
const colour = process.stderr.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

const stamp = () => {
  const s = Math.floor((Date.now() - started) / 1000);
  return `${String(Math.floor(s / 60)).padStart(2, '0')}:${String(s % 60).padStart(2, '0')}`;
};

const line = (mark, text) => process.stderr.write(`${paint('2', stamp())} ${mark} ${text}\n`);

/** A stage begins. */
export const step = (text) => line(paint('36', '==>'), paint('1', text));
/** Something worth knowing inside a stage. */
export const info = (text) => line('   ', text);
export const good = (text) => line(paint('32', ' ok'), text);
export const warn = (text) => line(paint('33', '  !'), text);
export const bad = (text) => line(paint('31', ' no'), text);

/** Seconds since the script began. */
export const elapsedSeconds = () => Math.round((Date.now() - started) / 1000);

/** A problem that the person at the keyboard can solve: shown without a stack, with the exit code that it asks for. */
export class Stop extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.name = 'Stop';
    this.exitCode = exitCode;
  }
}

/** Runs a script's main function: a Stop becomes its message and exit code, anything else a stack and exit code 1. */
export async function main(run) {
  try {
    const code = await run(process.argv.slice(2));
    process.exitCode = typeof code === 'number' ? code : 0;
  } catch (error) {
    if (error instanceof Stop) bad(error.message);
    else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = error instanceof Stop ? error.exitCode : 1;
  }
}

/** True when this file is the script that node was asked to run. */
export const isMain = (meta) => process.argv[1] !== undefined && realpathSync(process.argv[1]) === meta.filename;
