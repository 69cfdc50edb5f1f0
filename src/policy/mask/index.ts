/** Masking of values: rows, COPY streams, messages. What the proxy and the bundle loader may use. */
export { detectorNames } from './detect/ids.ts';
export { CopyOutMasker, type CopyOptions } from './copy.ts';
export { createDetectors, type DetectorSet, type MaskContext } from './detectors.ts';
export { maskText, REDACTED, type MaskedMessage } from './message.ts';
export { FULL_MASK } from './render.ts';
export { ResultMask, RowMasker, type ColumnDesc } from './row.ts';
export { containsMaskToken, isMaskToken, maskToken } from './token.ts';
