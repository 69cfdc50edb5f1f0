/** A packaged app never runs on an Electron that no longer gets security fixes. */

/** First major version of Electron that a packaged app accepts: the one that package.json names. */
export const SUPPORTED_ELECTRON_MAJOR = 45;

/** Why this Electron is refused; undefined when it may run. In a checkout, older ones serve development and tests. */
export function refuseElectron(version: string, isPackaged: boolean): string | undefined {
  if (!isPackaged) return undefined;
  const major = /^(\d+)\./.exec(version)?.[1];
  if (major !== undefined && Number(major) >= SUPPORTED_ELECTRON_MAJOR) return undefined;
  return `Sallyport needs Electron ${SUPPORTED_ELECTRON_MAJOR} or newer; this package carries ${version}. Install the current package.`;
}
