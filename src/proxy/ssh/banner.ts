/**
 * The target's banner (RFC 4252 section 5.4) for the client. Sallyport signs on to the target after the client has
 * signed on to Sallyport, so it comes on stderr of the first command or shell; section 5.4 has clients filter it.
 */

/** Characters that are shown; the whole of it is in the recording. */
const MAX_CHARS = 8_192;

/** @param shown as people may see it @returns lines with CRLF, the last one ended; '' for none */
export function bannerText(shown: string): string {
  // Nothing that acts on a terminal: escapes, carriage returns that hide what was before, directions of text.
  const tame = shown.replace(/\r\n?/g, '\n').replace(/[^\P{C}\n\t]/gu, '').trimEnd();
  if (tame === '') return '';
  const cut = tame.length <= MAX_CHARS ? tame : `${tame.slice(0, MAX_CHARS)}\n[the rest of the banner is in the recording]`;
  return `${cut.replaceAll('\n', '\r\n')}\r\n`;
}
