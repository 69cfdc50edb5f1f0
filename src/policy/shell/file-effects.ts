/** Files whose change is more than a change of a file: disks, the kernel's switches, accounts, histories. */
import type { Collector } from './collector.ts';
import type { Effect, FileAccess } from './types.ts';

const WRITE_EFFECTS: readonly (readonly [RegExp, Effect])[] = [
  // Whatever is no terminal, log or memory: disks have many names, and a volume may have any.
  [/^\/dev\/(?!$|\*\*|(null|zero|full|stdin|stdout|stderr|ptmx|random|urandom|fd)(\/|$)|shm(\/|$)|mqueue(\/|$)|hugepages(\/|$)|pts(\/|$)|tty|console$|log$|kmsg$|initctl$|net\/|snd\/|input\/|fuse$|dri\/|bus\/|usb|kvm$|video|i2c|gpio|spidev|vhost|vfio|uinput$|rtc|hwrng$|vcs|ppp$|watchdog)/, 'disk'],
  [/^\/dev\/(watchdog\d*|initctl)$/, 'power'],
  [/^\/proc\/sysrq-trigger$/, 'power'],
  [/^\/(proc|sys)\//, 'kernel'],
  [/^\/etc\/(passwd|shadow|group|gshadow|sudoers|doas\.conf|login\.defs|pam\.d|security|subuid|subgid)-?(\/|$|\.d\/)/, 'users'],
  [/^\/etc\/sudoers/, 'users'],
  [/\/\.ssh\/(authorized_keys2?|rc|config|environment)$/, 'users'],
  [/^\/(etc|var\/spool)\/(ana)?cron/, 'schedule'],
  [/\/systemd\/(system|user)(\/|$)/, 'schedule'],
  [/^\/etc\/(init\.d|rc.*\.d|rc\.local|profile|profile\.d|bash\.bashrc|bashrc|zsh|ld\.so\.preload|ld\.so\.conf|environment)(\/|$|\.)/, 'environment'],
  [/(^|\/)\.(bashrc|bash_profile|bash_login|bash_logout|profile|zshrc|zshenv|zprofile|zlogin|kshrc|cshrc|login|pam_environment|inputrc|vimrc|gitconfig)$/, 'environment'],
  // Read by programs that only look, when they start.
  [/(^|\/)\.(bash_completion|zlogout|mkshrc|rpmmacros|yarnrc(\.yml)?|pnpmfile\.cjs|exrc|emacs|gdbinit|lesskey|lessfilter|digrc|psqlrc|xprofile|xsession|xinitrc|xsessionrc|zpool\.d|emacs\.d)(\/|$)/, 'environment'],
  [/(^|\/)\.(docker\/cli-plugins|kube\/(kuberc|plugins)|config\/(rpm|nvim|procps|zellij|tmux|yarn)|local\/share\/bash-completion|local\/lib\/python[\d.]*\/site-packages\/[^/]*(\.pth|customize\.py)|config\/bash_completion)(\/|$)/, 'environment'],
  [/(^|\/)\.(bash|zsh|sh|ash|ksh|fish|python|mysql|psql|sqlite|rediscli|node_repl|lesshst)_?(history|hst)?$/, 'history'],
  [/(^|\/)\.(histfile|history|zhistory)$/, 'history'],
  [/^\/(var\/log\/(wtmp|btmp|lastlog|faillog|auth\.log|secure|audit|journal|syslog|messages)|(var\/)?run\/utmp|run\/log\/journal)/, 'history'],
];

/** Devices that hold nothing. */
const NOWHERE = /^\/dev\/(null|zero|full|stdin|stdout|stderr|tty|ptmx|random|urandom|fd(\/\d+)?|pts\/\d+)$/;

export function noteFile(file: FileAccess, collector: Collector): void {
  const { path, access } = file;
  if (/^\/dev\/(tcp|udp)(\/|$)/.test(path)) return collector.touch('reverse-shell', 'network');
  if (NOWHERE.test(path)) return;
  if (access !== 'read') {
    for (const [shape, effect] of WRITE_EFFECTS) if (shape.test(path)) collector.touch(effect);
  }
  if (access === 'delete') {
    collector.touch('delete');
    if (file.recursive) collector.touch('delete-recursive');
  }
  collector.file(file);
}
