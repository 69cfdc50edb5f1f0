/** Everything I may reach. */
import { ActionIcon, TextInput, Tooltip } from '@mantine/core';
import { IconDatabaseOff, IconRefresh, IconSearch, IconSearchOff } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import { EmptyState } from '../../ui/empty-state.tsx';
import { plural } from '../../ui/format.ts';
import { api, ask } from '../api.ts';
import { useLive } from '../live.ts';
import { attempt } from '../notify.ts';
import { Failed, LoadingRows, ScreenHead } from '../screen.tsx';
import frame from '../../ui/screen.module.css';
import { ConnectionCard } from './connection-card.tsx';
import classes from './connections.module.css';
import { commonLabels, searchConnections } from './search.ts';

export function Connections() {
  const load = useCallback(() => api.connections.list(), []);
  const { loaded, value, reload, replace } = useLive(load, api.connections.onChanged);
  const [query, setQuery] = useState('');
  const [busy, setBusy] = useState(false);
  const all = value ?? [];
  const words = query.split(/\s+/);
  const found = searchConnections(all, query);
  const toggle = (label: string) => setQuery(words.includes(label) ? words.filter((w) => w !== label).join(' ') : `${query.trim()} ${label}`.trim());
  const refresh = () => {
    setBusy(true);
    attempt('Could not refresh', async () => {
      try {
        replace(await ask(api.connections.refresh()));
      } finally {
        setBusy(false);
      }
    });
  };
  return (
    <section className={frame.screen} aria-label="Connections">
      <ScreenHead title="Connections" sub={value === undefined ? 'Loading what you may reach' : `${plural(all.length, 'system')} you may reach`}>
        <TextInput w={300} leftSection={<IconSearch size={15} />} placeholder="Search name, address, label" aria-label="Search connections" value={query} onChange={(e) => setQuery(e.currentTarget.value)} />
        <Tooltip label="Ask the store again and check health">
          <ActionIcon variant="default" size={36} aria-label="Refresh connections" loading={busy} onClick={refresh}>
            <IconRefresh size={17} />
          </ActionIcon>
        </Tooltip>
      </ScreenHead>
      {all.length > 0 && (
        <div className={classes.filters} role="group" aria-label="Filter by label">
          {commonLabels(all).map((label) => (
            <button key={label} type="button" className={classes.filter} aria-pressed={words.includes(label)} onClick={() => toggle(label)}>
              {label}
            </button>
          ))}
        </div>
      )}
      <div className={frame.body}>
        {loaded.state === 'loading' && <LoadingRows />}
        {loaded.state === 'failed' && <Failed what="The connections could not be loaded" error={loaded.error} onRetry={reload} />}
        {loaded.state === 'ready' && all.length === 0 && (
          <EmptyState icon={<IconDatabaseOff size={26} />} title="No connections yet">
            Your groups do not reach any registered system. Ask your security team to register one or to add you to a group.
          </EmptyState>
        )}
        {loaded.state === 'ready' && all.length > 0 && found.length === 0 && (
          <EmptyState icon={<IconSearchOff size={26} />} title="Nothing matches">
            No connection has all of these words in its name, database, address or labels.
          </EmptyState>
        )}
        <ul className={classes.list}>
          {found.map((c) => (
            <ConnectionCard key={c.name} connection={c} />
          ))}
        </ul>
      </div>
    </section>
  );
}
