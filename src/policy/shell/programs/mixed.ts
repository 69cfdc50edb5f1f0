/** Programs that show when they are given nothing to change: `date`, `hostname`, `mount`, `sysctl`. */
import type { Handler } from '../run.ts';
import { optionTable, splitArguments } from '../options.ts';
import { applyOptions } from '../spec.ts';
import type { Effect } from '../types.ts';

/** `shows`: every operand for which this holds leaves the call a reading one. */
function shows(options: string, effect: Effect, isShown: (operand: string) => boolean): Handler {
  const table = optionTable(options);
  return ({ program, args }, run) => {
    const found = splitArguments(args, table);
    applyOptions(program, found, table, false, run);
    if (found.isUnsure || found.operands.some((o) => o.text === undefined || !isShown(o.text))) run.touch(effect);
  };
}

const getent: Handler = ({ program, args }, run) => {
  const [database, ...keys] = args.map((a) => a.text);
  const file = database === undefined || !/^[a-z]+$/.test(database) ? undefined : args[0];
  if (file === undefined) return run.opaque('dynamic-argument', `${program}: the database is not known`);
  run.form(`${program} ${database ?? ''}`);
  const path = `/etc/${database ?? ''}`;
  run.file('read', { ...file, text: path, pattern: path }, program);
  if (keys.length === 0) run.form(`${program} ${database ?? ''} all`);
};

export const MIXED: Readonly<Record<string, Handler>> = {
  date: shows('d= date= r=read reference=read f=read file=read s!kernel= set!kernel= I R u rfc-3339= iso-8601', 'kernel', (o) => o.startsWith('+')),
  hostname: shows('F!network-config=read file!network-config=read b!network-config', 'network-config', () => false),
  domainname: shows('F!network-config=read', 'network-config', () => false),
  mount: shows('t!mount= o!mount= B!mount bind!mount R!mount rbind!mount a!mount all!mount M!mount move!mount l v', 'mount', () => false),
  sysctl: shows('w!kernel write!kernel p!kernel load!kernel system!kernel a n e N r= pattern=', 'kernel', (o) => !o.includes('=')),
  ulimit: shows('', 'changes', () => true),
  uptime: shows('', 'changes', () => true),
  getent,
};
