/** What is wrong with the policy, above every screen: nobody should find it out by a statement that is refused. */
import { Button } from '@mantine/core';
import { IconAlertTriangle, IconClockExclamation, IconLock } from '@tabler/icons-react';
import type { PolicyProblem } from '../../contract/ipc/app.ts';
import { asSentence } from '../../ui/format.ts';
import { api, ask } from '../api.ts';
import { goTo, type Place } from '../navigation.ts';
import { attempt } from '../notify.ts';
import { bannerText } from './policy-banner-text.ts';
import classes from './shell.module.css';

const icons = { stopped: IconLock, expired: IconLock, refused: IconAlertTriangle, ending: IconClockExclamation } as const;

export function PolicyBanner({ problem, screen }: { problem: PolicyProblem | undefined; screen: Place['screen'] }) {
  if (problem === undefined) return null;
  const { tone, title, rest } = bannerText(problem);
  const Icon = icons[problem.kind];
  return (
    <div className={classes.banner} data-tone={tone} role={tone === 'deny' ? 'alert' : 'status'} aria-label="Policy problem">
      <Icon size={18} aria-hidden />
      <p>
        <b>{title}</b> {problem.why === '' ? '' : `${asSentence(problem.why)} `}
        {rest}
      </p>
      {screen !== 'policy' && (
        <>
          <Button size="compact-sm" variant="default" onClick={() => attempt('Could not look at the store', () => ask(api.policy.check()))}>
            Check again
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => goTo('policy')}>
            Show policy
          </Button>
        </>
      )}
    </div>
  );
}
