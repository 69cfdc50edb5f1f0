/** Bounds of stream masking. What reaches one is decided as it stands; nothing grows with the stream. */
export const bounds = {
  /** Bytes held back at most, escape sequences between the characters included. */
  heldBytes: 4096,
  /** Bytes of a line that are read before what is decided of it is given out. */
  pieceBytes: 16 * 1024,
  /** Characters before the new ones that detectors see again: the longest value whose parts are told apart. */
  contextChars: 512,
  /** Cells of one line that are remembered, over all its wrapped rows. */
  lineCells: 8192,
  /** Characters that a client typed and that have not come back yet. */
  echoChars: 1024,
  /** Lines of one private key before it is taken to have been cut off. */
  keyLines: 400,
  /** Rows of a full-screen program that are remembered. */
  keptRows: 256,
  /** Characters of another row that may belong to a value. */
  aroundChars: 96,
  /** Rows of a terminal whose height is not known. */
  someRows: 64,
  /** Characters that one repeat sequence stands for. */
  repeats: 1024,
  /** Parameters and intermediates of one control sequence that are kept. */
  controlBytes: 64,
} as const;
