/** A masked value: icon, stripes and colour, so that nobody takes it for data. */
import { IconEyeOff } from '@tabler/icons-react';
import type { MaskInfo } from '../contract/ipc/common.ts';
import classes from './masked-cell.module.css';

/** One sentence for tooltips and screen readers. */
export const maskSentence = (mask: MaskInfo): string => `Masked: class ${mask.classId} (${mask.kind}), rule: ${mask.rule}`;

export function MaskedCell({ text, mask }: { text: string; mask: MaskInfo }) {
  return (
    <span className={classes.chip} title={maskSentence(mask)}>
      <IconEyeOff size={12} stroke={2} aria-hidden />
      <span className={classes.text}>{text}</span>
    </span>
  );
}
