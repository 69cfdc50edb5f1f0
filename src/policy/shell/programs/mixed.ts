/** Programs that show when they are given nothing to change: `date`, `hostname`, `mount`, `sysctl`. */
import type { Handler } from '../run.ts';
import { optionTable, splitArguments } from '../options.ts';
import { applyOptions } from '../spec.ts';
import type { Effect } from '../types.ts';

/** `shows`: every operand for which this holds leaves the call a reading one. An option that is not in the table may change something. */
function shows(options: string, effect: Effect, isShown: (operand: string) => boolean): Handler {
  const table = optionTable(options);
  return ({ program, args }, run) => {
    const found = splitArguments(args, table);
    applyOptions(program, found, table, false, run);
    if (found.isUnsure || found.options.some((o) => o.rule === undefined) || found.operands.some((o) => o.text === undefined || !isShown(o.text))) run.touch(effect);
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
  date: shows('d= date= r=read reference=read f=read file=read s!kernel= set!kernel= I= R u rfc-3339= iso-8601= rfc-2822 rfc-email utc universal uct debug resolution help version', 'kernel', (o) => o.startsWith('+')),
  hostname: shows('F!network-config=read file!network-config=read b!network-config boot!network-config f i I s d a A y V h fqdn long short ip-address all-ip-addresses all-fqdns domain alias yp nis help version', 'network-config', () => false),
  domainname: shows('F!network-config=read a d f s i V h', 'network-config', () => false),
  mount: shows('t= o!mount= B!mount bind!mount R!mount rbind!mount a!mount all!mount M!mount move!mount l v V h show-labels verbose help version', 'mount', () => false),
  sysctl: shows('w!kernel write!kernel p!kernel load!kernel system!kernel f!kernel a n e N r= pattern= A b X q d h V all names values ignore binary quiet deprecated help version', 'kernel', (o) => !o.includes('=')),
  ulimit: shows('a', 'changes', () => true),
  uptime: shows('p s h V pretty since', 'changes', () => true),
  getent,
};
