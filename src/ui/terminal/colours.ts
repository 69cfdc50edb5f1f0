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

/** What runs without a colour of their own have; as in the style sheet. */
const [SCREEN, TEXT] = ['#12161d', '#dfe4ea'] as const;
/** WCAG AA; what the app's own terminals keep. */
const MIN_CONTRAST = 4.5;

const partsOf = (colour: string): readonly [number, number, number] => {
  const n = Number.parseInt(colour.slice(1), 16);
  return [n >> 16, (n >> 8) & 0xff, n & 0xff];
};

function luminance(colour: string): number {
  const [r, g, b] = partsOf(colour).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const judged = new Map<string, string | undefined>();
/** Of pairs of colours: a recording may hold as many as it likes. */
const MAX_JUDGED = 4_096;

/**
 * The colour of text on a ground, or one towards white or black that can be read there: black on a dark screen, and what
 * somebody wrote in the colour of the ground.
 * @param fg, bg `#rrggbb`; undefined: the screen's own
 */
export function legible(fg: string | undefined, bg: string | undefined): string | undefined {
  const [text, ground] = [fg ?? TEXT, bg ?? SCREEN];
  const key = `${fg ?? ''}${ground}`;
  if (judged.has(key)) return judged.get(key);
  if (judged.size >= MAX_JUDGED) judged.clear();
  const found = contrast(luminance(text), luminance(ground)) >= MIN_CONTRAST ? fg : mended(text, ground);
  judged.set(key, found);
  return found;
}

function mended(text: string, ground: string): string {
  const behind = luminance(ground);
  const towards = contrast(1, behind) >= contrast(0, behind) ? 255 : 0;
  let found = text;
  for (let share = 0.1; share < 1.05 && contrast(luminance(found), behind) < MIN_CONTRAST; share += 0.1) {
    const [r, g, b] = partsOf(text).map((c) => Math.round(c + (towards - c) * Math.min(1, share)));
    found = hex(r ?? 0, g ?? 0, b ?? 0);
  }
  return found;
}
