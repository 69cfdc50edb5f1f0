/** How screens are looked at: two sizes and two themes. */
export const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;
export type Size = (typeof sizes)[number];

export const themes = ['light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/**
 * All four, and axe in both themes, take more time than a test run has: it takes one size in each theme and asks axe in
 * the dark one. SALLYPORT_PICTURES=all does everything.
 */
export const allPictures = process.env['SALLYPORT_PICTURES'] === 'all';

export const sizesIn = (theme: Theme): readonly Size[] => (allPictures ? sizes : theme === 'light' ? [sizes[0]] : [sizes[1]]);

export const asksAxe = (theme: Theme): boolean => allPictures || theme === 'dark';
