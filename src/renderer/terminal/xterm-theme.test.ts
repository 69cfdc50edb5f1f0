import { describe, expect, it } from 'vitest';
import { darkTheme, findColours, lightTheme } from './xterm-theme.ts';

const channel = (hex: string, at: number): number => {
  const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
  return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
};
const luminance = (hex: string): number => 0.2126 * channel(hex, 1) + 0.7152 * channel(hex, 3) + 0.0722 * channel(hex, 5);
/** WCAG 2.2, contrast ratio. */
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

const names = ['foreground', 'black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white', 'brightBlack', 'brightRed', 'brightGreen', 'brightYellow', 'brightBlue', 'brightMagenta', 'brightCyan', 'brightWhite'] as const;

describe.each([['light', lightTheme], ['dark', darkTheme]] as const)('terminal colours, %s', (scheme, theme) => {
  it.each(names)('%s is readable', (name) => expect(contrast(theme[name], theme.background)).toBeGreaterThanOrEqual(4.5));
  it('text is readable where it is selected or found', () => {
    for (const behind of [theme.selectionBackground, findColours[scheme].matchBackground, findColours[scheme].activeMatchBackground]) expect(contrast(theme.foreground, behind), behind).toBeGreaterThanOrEqual(4.5);
  });
});
