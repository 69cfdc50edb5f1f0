/** The words of the banner. Pure. */
import type { PolicyProblem } from '../../contract/ipc/app.ts';
import { formatTime } from '../../ui/format.ts';

export interface BannerText {
  readonly tone: 'deny' | 'hold';
  readonly title: string;
  /** After the reason. */
  readonly rest: string;
}

const ONLY_BREAK_GLASS = 'That is what the policy names for emergencies; each such session is recorded and reported.';

export function bannerText({ kind, endsMs }: PolicyProblem): BannerText {
  switch (kind) {
    case 'stopped':
      return { tone: 'deny', title: 'Only break-glass is left.', rest: ONLY_BREAK_GLASS };
    case 'expired':
      return { tone: 'deny', title: 'Only break-glass is left.', rest: ONLY_BREAK_GLASS };
    case 'refused':
      return { tone: 'hold', title: 'A newer policy could not be verified.', rest: `The last verified one decides until ${formatTime(endsMs)}.` };
    case 'ending':
      return { tone: 'hold', title: `The policy ends ${formatTime(endsMs)}.`, rest: 'After that only break-glass is left.' };
  }
}
