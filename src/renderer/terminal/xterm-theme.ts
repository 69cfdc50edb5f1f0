/** Colours of the terminal. The sixteen of ANSI are readable on their background, in both schemes: at least 4.5 to 1. */
import type { ITheme } from '@xterm/xterm';

export const lightTheme = {
  background: '#ffffff', foreground: '#1d222b', cursor: '#1f72a8', cursorAccent: '#ffffff', selectionBackground: '#b0d4ea', selectionInactiveBackground: '#d8eaf5',
  black: '#1d222b', red: '#b3262b', green: '#1a7041', yellow: '#855a00', blue: '#1a62a0', magenta: '#8a3a9c', cyan: '#0b6d78', white: '#5a6372',
  brightBlack: '#646e7e', brightRed: '#cf2f35', brightGreen: '#1c7a46', brightYellow: '#8f6000', brightBlue: '#1f72a8', brightMagenta: '#a03fb5', brightCyan: '#0a7683', brightWhite: '#3a424e',
  scrollbarSliderBackground: '#b5bcc766', scrollbarSliderHoverBackground: '#8b94a388', scrollbarSliderActiveBackground: '#8b94a3aa',
} as const satisfies ITheme;

export const darkTheme = {
  background: '#11151a', foreground: '#e3e7ec', cursor: '#57a2d0', cursorAccent: '#11151a', selectionBackground: '#2c4f68', selectionInactiveBackground: '#24323f',
  black: '#7d8896', red: '#f0777b', green: '#5cc591', yellow: '#e0b15a', blue: '#6fb3e0', magenta: '#c79bee', cyan: '#5cc5cf', white: '#d3d8df',
  brightBlack: '#8d97a5', brightRed: '#ff9a9d', brightGreen: '#86dcb0', brightYellow: '#f3c980', brightBlue: '#a5d2ee', brightMagenta: '#dcc0f7', brightCyan: '#8fe0e8', brightWhite: '#ffffff',
  scrollbarSliderBackground: '#6b758466', scrollbarSliderHoverBackground: '#98a2b088', scrollbarSliderActiveBackground: '#98a2b0aa',
} as const satisfies ITheme;

/** Marks of found text; the foreground is readable on both. */
export const findColours = {
  light: { matchBackground: '#fdf2dd', matchOverviewRuler: '#c77c0a', activeMatchBackground: '#ffc860', activeMatchColorOverviewRuler: '#7d4b02' },
  dark: { matchBackground: '#4a3a1a', matchOverviewRuler: '#e0a03a', activeMatchBackground: '#8a5f12', activeMatchColorOverviewRuler: '#f3c980' },
} as const;
