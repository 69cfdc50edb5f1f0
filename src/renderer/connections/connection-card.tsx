/** One target: what it is, whether it answers, and the ways in. */
import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core';
import { IconBraces, IconChevronDown, IconCommand, IconDatabase, IconFileText, IconFolder, IconKey, IconLink, IconPlugConnectedX, IconServer, IconSql, IconTerminal2, IconVariable } from '@tabler/icons-react';
import type { Connection, NativeKind } from '../../contract/ipc/connections.ts';
import { asSentence, formatDuration, plural } from '../../ui/format.ts';
import { isProduction, Labels, Pill } from '../../ui/pill.tsx';
import { api, ask } from '../api.ts';
import { attempt, tell } from '../notify.ts';
import { openTerminal } from '../terminal/open-terminal.ts';
import { openTab } from '../workbench/workbench-store.ts';
import classes from './connections.module.css';
import { copyNative } from './copy-native.ts';

interface Way {
  readonly kind: NativeKind;
  readonly label: string;
  readonly icon: typeof IconLink;
}

const ways: Readonly<Partial<Record<Connection['protocol'], readonly Way[]>>> = {
  postgres: [
    { kind: 'psql', label: 'psql command', icon: IconTerminal2 },
    { kind: 'url', label: 'Connection URL', icon: IconLink },
    { kind: 'pg_service', label: 'pg_service entry', icon: IconBraces },
    { kind: 'env', label: 'Environment variables', icon: IconVariable },
    { kind: 'password', label: 'Password of the local endpoint', icon: IconKey },
  ],
  ssh: [
    { kind: 'ssh', label: 'ssh command', icon: IconCommand },
    { kind: 'sftp', label: 'sftp command', icon: IconFolder },
    { kind: 'ssh_include', label: 'Include line for ~/.ssh/config', icon: IconFileText },
  ],
};

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
        {ways[connection.protocol]?.map(({ kind, label, icon: Icon }) => (
          <Menu.Item key={kind} leftSection={<Icon size={15} />} onClick={() => copyNative(connection.name, kind, label)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function EndpointLine({ connection }: { connection: Connection }) {
  const { endpoint, sshEndpoint } = connection;
  const open = endpoint ?? sshEndpoint;
  if (open === undefined) return null;
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
      <code>{`${open.user}@${open.host}:${open.port}${endpoint === undefined ? '' : `/${endpoint.database}`}`}</code>
      {open.sessions > 0 && <span>{plural(open.sessions, 'session')}</span>}
      <Tooltip label={open.sessions > 0 ? 'Close the endpoint and its sessions' : 'Close the local endpoint'}>
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Close endpoint of ${connection.name}`} onClick={close}>
          <IconPlugConnectedX size={15} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}

export function ConnectionCard({ connection }: { connection: Connection }) {
  const prod = isProduction(connection.labels);
  const ssh = connection.protocol === 'ssh';
  return (
    <li className={classes.card} data-prod={prod ? '' : undefined}>
      <div className={classes.top}>
        <div className={classes.icon}>
          {ssh ? <IconServer size={20} stroke={1.7} aria-hidden /> : <IconDatabase size={20} stroke={1.7} aria-hidden />}
        </div>
        <div style={{ minWidth: 0 }}>
          <h2 className={classes.name}>{connection.name}</h2>
          <div className={classes.address}>
            {connection.address}
            {connection.database !== '' && ` · ${connection.database}`}
          </div>
        </div>
        <Health connection={connection} />
      </div>
      <div className={classes.labels}>
        <Labels labels={connection.labels} />
        {connection.tls === 'disable' && !ssh && <Pill tone="hold">TLS off</Pill>}
      </div>
      {connection.health.state === 'down' && <p className={classes.problem}>{asSentence(connection.health.message)}</p>}
      <EndpointLine connection={connection} />
      <div className={classes.actions}>
        <Button
          size="xs"
          leftSection={ssh ? <IconTerminal2 size={16} /> : <IconSql size={16} />}
          color={prod ? 'red' : undefined}
          variant={prod ? 'light' : 'filled'}
          onClick={() => (ssh ? openTerminal(connection.name) : openTab(connection.name))}
        >
          {ssh ? 'Open terminal' : 'Open workbench'}
        </Button>
        <span className={classes.grow} />
        <CopyMenu connection={connection} />
      </div>
    </li>
  );
}
