/** One target: what it is, whether it answers, and the ways in. */
import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core';
import { IconBraces, IconChevronDown, IconDatabase, IconKey, IconLink, IconPlugConnectedX, IconSql, IconTerminal2, IconVariable } from '@tabler/icons-react';
import type { Connection, NativeKind } from '../../contract/ipc/connections.ts';
import { formatDuration, plural } from '../../ui/format.ts';
import { isProduction, Labels, Pill } from '../../ui/pill.tsx';
import { api, ask } from '../api.ts';
import { attempt, tell } from '../notify.ts';
import { openTab } from '../workbench/workbench-store.ts';
import classes from './connections.module.css';

const kinds: readonly { readonly kind: NativeKind; readonly label: string; readonly icon: typeof IconLink }[] = [
  { kind: 'psql', label: 'psql command', icon: IconTerminal2 },
  { kind: 'url', label: 'Connection URL', icon: IconLink },
  { kind: 'pg_service', label: 'pg_service entry', icon: IconBraces },
  { kind: 'env', label: 'Environment variables', icon: IconVariable },
  { kind: 'password', label: 'Password of the local endpoint', icon: IconKey },
];

function Health({ connection }: { connection: Connection }) {
  const { health } = connection;
  const words = { unknown: 'Not checked', checking: 'Checking…', up: 'Reachable', down: 'Unreachable' } as const;
  return (
    <span className={classes.health}>
      <span className={classes.dot} data-state={health.state} aria-hidden />
      {words[health.state]}
      {health.state === 'up' && ` · ${formatDuration(health.latencyMs)}`}
    </span>
  );
}

function copy(connection: Connection, kind: NativeKind, label: string): void {
  attempt(`Could not copy the ${label}`, async () => {
    await ask(api.connections.copyNative({ name: connection.name, kind }));
    tell(`${label} copied`, `${connection.name} through the local endpoint: same policy, same recording.`);
  });
}

function CopyMenu({ connection }: { connection: Connection }) {
  return (
    <Menu position="bottom-end" width={250}>
      <Menu.Target>
        <Button size="xs" variant="default" rightSection={<IconChevronDown size={14} />} aria-label={`Copy for a native client: ${connection.name}`}>
          Copy for client
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Your own client, same protection</Menu.Label>
        {kinds.map(({ kind, label, icon: Icon }) => (
          <Menu.Item key={kind} leftSection={<Icon size={15} />} onClick={() => copy(connection, kind, label)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function EndpointLine({ connection }: { connection: Connection }) {
  const { endpoint } = connection;
  if (endpoint === undefined) return null;
  const close = () =>
    attempt('Could not close the endpoint', async () => {
      await ask(api.connections.closeEndpoint({ name: connection.name }));
      tell('Endpoint closed', connection.name, 'info');
    });
  return (
    <div className={classes.endpoint}>
      <Pill size="xs" tone="allow">
        local
      </Pill>
      <code>{`${endpoint.user}@${endpoint.host}:${endpoint.port}/${endpoint.database}`}</code>
      {endpoint.sessions > 0 && <span>{plural(endpoint.sessions, 'session')}</span>}
      <Tooltip label={endpoint.sessions > 0 ? 'Close the endpoint and its sessions' : 'Close the local endpoint'}>
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Close endpoint of ${connection.name}`} onClick={close}>
          <IconPlugConnectedX size={15} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}

export function ConnectionCard({ connection }: { connection: Connection }) {
  const prod = isProduction(connection.labels);
  return (
    <li className={classes.card} data-prod={prod ? '' : undefined}>
      <div className={classes.top}>
        <div className={classes.icon}>
          <IconDatabase size={20} stroke={1.7} aria-hidden />
        </div>
        <div style={{ minWidth: 0 }}>
          <h2 className={classes.name}>{connection.name}</h2>
          <div className={classes.address}>
            {connection.address} · {connection.database}
          </div>
        </div>
        <Health connection={connection} />
      </div>
      <div className={classes.labels}>
        <Labels labels={connection.labels} />
        {connection.tls === 'disable' && <Pill tone="hold">TLS off</Pill>}
      </div>
      {connection.health.state === 'down' && <p className={classes.problem}>{connection.health.message}</p>}
      <EndpointLine connection={connection} />
      <div className={classes.actions}>
        <Button size="xs" leftSection={<IconSql size={16} />} color={prod ? 'red' : undefined} variant={prod ? 'light' : 'filled'} onClick={() => openTab(connection.name)}>
          Open workbench
        </Button>
        <span className={classes.grow} />
        <CopyMenu connection={connection} />
      </div>
    </li>
  );
}
