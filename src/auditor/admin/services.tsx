/** Rules by which CI jobs and agents sign in. They come from the store's configuration; here they are read. */
import { Button } from '@mantine/core';
import { IconRefresh, IconRobot } from '@tabler/icons-react';
import { useCallback } from 'react';
import { serviceRules, type ServiceRules } from '../../contract/store/identity.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { plural } from '../../ui/format.ts';
import { Pill } from '../../ui/pill.tsx';
import { Facts, LoadingRows, ScreenHead } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import { Link } from '../link.tsx';
import { Failed } from '../ui.tsx';
import classes from './admin.module.css';

function Rule({ rule: r }: { rule: ServiceRules['services'][number] }) {
  return (
    <li>
      <h2>
        {r.name}
        {r.sessions === 0 ? (
          <Pill size="xs" tone="outline">
            not signed in
          </Pill>
        ) : (
          <Link to={{ page: 'sign-ins', person: `${r.name}:` }}>
            <Pill size="xs" tone="accent">
              {plural(r.sessions, 'sign-in')}
            </Pill>
          </Link>
        )}
      </h2>
      <Facts
        rows={[
          ['Token from', r.issuer],
          ['For', r.audience],
          [
            'Must claim',
            <ul key="c" className={classes.claims}>
              {Object.entries(r.claims).map(([name, value]) => (
                <li key={name}>
                  {name} = {String(value)}
                </li>
              ))}
            </ul>,
          ],
          ['Groups', r.groups.join(', ') || 'none'],
          ['Lasts', plural(r.minutes, 'minute')],
        ]}
      />
    </li>
  );
}

export function Services() {
  const load = useCallback((signal: AbortSignal) => ask(serviceRules, '/v1/services', { signal }), []);
  const { loaded, value, reload } = useLoad(load);
  return (
    <section className={frame.screen} aria-label="Service identities">
      <ScreenHead title="Service identities" sub="Which CI jobs and agents may sign in, by the store’s configuration. The first rule that fits a token counts.">
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={reload}>
          Refresh
        </Button>
      </ScreenHead>
      {loaded.state === 'loading' && <LoadingRows />}
      {loaded.state === 'failed' && <Failed what="The service identities could not be read" error={loaded.error} onRetry={reload} />}
      {value?.services.length === 0 && (
        <EmptyState icon={<IconRobot size={26} />} title="No service may sign in">
          Rules for CI jobs and agents are written under <code>services</code> in the store’s configuration.
        </EmptyState>
      )}
      {value !== undefined && value.services.length > 0 && (
        <ul className={classes.rules} aria-label="Service identities" tabIndex={0}>
          {value.services.map((r) => (
            <Rule key={r.name} rule={r} />
          ))}
        </ul>
      )}
    </section>
  );
}
