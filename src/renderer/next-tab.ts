/** Ctrl+Tab: from tab to tab, round and round. Pure. */

/** @param step 1 to the right, -1 to the left @returns undefined where there is no other tab */
export function nextTab(ids: readonly string[], active: string | undefined, step: 1 | -1): string | undefined {
  const at = ids.findIndex((id) => id === active);
  return ids.length < 2 ? undefined : ids[(Math.max(0, at) + step + ids.length) % ids.length];
}
