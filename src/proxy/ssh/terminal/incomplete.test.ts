import { describe, expect, it } from 'vitest';
import { needsMore } from '../command/complete.ts';
import { completeness } from './incomplete.ts';

describe('a line that shells would continue', () => {
  it.each(['echo "abc', "echo 'a", 'a |', 'a &&', 'for i in 1; do ls', 'if true; then', 'ls \\', 'curl -H "X: $y" \\', "echo 'a b' \\", 'f() {', 'echo $(ls', '( ls', 'case x in'])('%j goes on', (text) => {
    expect([completeness(text), needsMore(text)]).toEqual(['incomplete', true]);
  });

  it.each(['ls', 'reboot; echo $\'\\\'\'', 'reboot; echo "$(echo \'"\')"', 'reboot # \'', 'reboot; echo \\\\', "reboot; echo $'\\'' # \\", 'reboot; echo "${x:-\'}"', 'fi', 'echo )', 'echo {', 'rm -rf "/srv/a b"', 'echo `echo \\"`'])('%j is decided as it stands', (text) => {
    expect(completeness(text)).toBe('complete');
  });

  it('here-documents: uncertain on a screen, read to their end at the prompt of mode command', () => {
    expect(completeness('cat <<E')).toBe('here-document');
    expect([needsMore('cat <<E'), needsMore('cat <<E\nx'), needsMore('cat <<E\nx\nE')]).toEqual([true, true, false]);
    expect(needsMore('for i in a; do [ ! -f $i ]')).toBe(true);
    expect(needsMore('ls # it\'s')).toBe(false);
  });
});
