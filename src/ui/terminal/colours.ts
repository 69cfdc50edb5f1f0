/** The 256 colours of a terminal. The first sixteen are the product's, legible on its dark screen. Pure. */

const SIXTEEN = ['#3b4453', '#f2777a', '#7fd6a2', '#e6c07b', '#79b8f3', '#c9a4f0', '#6fd3d8', '#d5dbe3', '#8b95a5', '#ff9a9c', '#a2ecbf', '#f5d698', '#a3cffb', '#dfc3fa', '#98e6ea', '#ffffff'] as const;
const LEVELS = [0, 95, 135, 175, 215, 255] as const;

const hex = (r: number, g: number, b: number): string => `#${[r, g, b].map((c) => c.toString(16).padStart(2, '0')).join('')}`;

/** @param bold lights up the first eight, as terminals do */
export function colourOf(colour: number | string | undefined, bold: boolean): string | undefined {
  if (colour === undefined || typeof colour === 'string') return colour;
  if (colour < 16) return SIXTEEN[bold && colour < 8 ? colour + 8 : colour];
  if (colour < 232) {
    const n = colour - 16;
    return hex(LEVELS[Math.floor(n / 36)] ?? 0, LEVELS[Math.floor(n / 6) % 6] ?? 0, LEVELS[n % 6] ?? 0);
  }
  const grey = 8 + 10 * (Math.min(colour, 255) - 232);
  return hex(grey, grey, grey);
}
