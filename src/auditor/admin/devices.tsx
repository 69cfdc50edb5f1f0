/** Devices of everybody: who waits for approval, which key is whose, and the end of one. For administrators. */
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { IconDeviceLaptop, IconRefresh, IconSearch } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import { emptyReply } from '../../contract/store/common.ts';
import { device, deviceList, type Device } from '../../contract/store/devices.ts';
import type { Me } from '../../contract/store/identity.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { formatTime, plural } from '../../ui/format.ts';
import { Pill } from '../../ui/pill.tsx';
import { LoadingRows, ScreenHead } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import { ConfirmDialog } from '../confirm.tsx';
import { tell } from '../notify.ts';
import { VirtualTable, type TableColumn } from '../table.tsx';
import { Digest, Failed, personText } from '../ui.tsx';
import classes from './admin.module.css';
import { holdsText, inOrder, type DeviceState, stateOf, stateWords } from './device-words.ts';
import { RevokeDialog } from './revoke-dialog.tsx';

type Doing = { readonly what: 'approve' | 'revoke'; readonly device: Device };

const isMine = (d: Device, me: Me): boolean => d.owner.iss === me.principal.iss && d.owner.sub === me.principal.sub;

function Actions({ device: d, me, nowMs, onDo }: { device: Device; me: Me; nowMs: number; onDo: (doing: Doing) => void }) {
  const state = stateOf(d, nowMs);
  return (
    <span className={classes.actions}>
      {state === 'waiting' && (
        <Button size="compact-xs" disabled={isMine(d, me)} title={isMine(d, me) ? 'Somebody else must approve your device' : undefined} aria-label={`Approve ${d.name} of ${d.owner.sub}`} onClick={() => onDo({ what: 'approve', device: d })}>
          Approve…
        </Button>
      )}
      {state !== 'revoked' && (
        <Button size="compact-xs" variant="default" aria-label={`Revoke ${d.name} of ${d.owner.sub}`} onClick={() => onDo({ what: 'revoke', device: d })}>
          Revoke…
        </Button>
      )}
    </span>
  );
}

const sinceText = (d: Device): string => (d.revoked === undefined ? '' : `since ${formatTime(d.revoked.compromised_since_ms)}: ${d.revoked.reason}`);

function columnsFor(me: Me, nowMs: number, onDo: (doing: Doing) => void): TableColumn<Device>[] {
  return [
    {
      key: 'state',
      title: 'State',
      track: '84px',
      cell: (d) => {
        const { word, tone } = stateWords[stateOf(d, nowMs)];
        return (
          <Pill size="xs" tone={tone}>
            {word}
          </Pill>
        );
      },
      full: sinceText,
    },
    { key: 'owner', title: 'Person', track: 'minmax(140px, 140fr)', cell: (d) => personText(d.owner), full: (d) => `${d.owner.sub}, signed in by ${d.owner.iss}; groups ${d.owner.groups.join(', ')}` },
    { key: 'name', title: 'Device', track: 'minmax(120px, 120fr)', cell: (d) => d.name, full: (d) => d.name },
    { key: 'id', title: 'Device id', track: '160px', cell: (d) => <Digest value={d.device_id} label="Device id" /> },
    { key: 'enrolled', title: 'Enrolled', track: '142px', cell: (d) => <span className={classes.time}>{formatTime(d.enrolled_ms)}</span> },
    { key: 'note', title: 'Note', track: 'minmax(90px, 90fr)', cell: (d) => <span className={classes.dim}>{d.revoked === undefined ? (d.expires_ms === undefined ? '' : `ends ${formatTime(d.expires_ms).slice(0, 16)}`) : sinceText(d)}</span>, full: sinceText },
    { key: 'do', title: 'Actions', track: '164px', end: true, cell: (d) => <Actions device={d} me={me} nowMs={nowMs} onDo={onDo} /> },
  ];
}

const scopes = [
  { value: 'all', label: 'All' },
  { value: 'waiting', label: 'Waiting' },
  { value: 'enrolled', label: 'Enrolled' },
  { value: 'revoked', label: 'Revoked' },
] as const;

export function Devices({ me }: { me: Me }) {
  const load = useCallback((signal: AbortSignal) => ask(deviceList, '/v1/devices', { signal }), []);
  const { loaded, value, reload } = useLoad(load);
  const [scope, setScope] = useState<'all' | DeviceState>('all');
  const [query, setQuery] = useState('');
  const [doing, setDoing] = useState<Doing>();
  const [nowMs] = useState(() => Date.now());
  const words = query.trim().toLowerCase();
  const all = value?.devices ?? [];
  const waiting = all.filter((d) => stateOf(d, nowMs) === 'waiting').length;
  const shown = inOrder(all.filter((d) => (scope === 'all' || stateOf(d, nowMs) === scope) && holdsText(d, words)), nowMs);
  const close = (): void => setDoing(undefined);
  const approve = async (): Promise<void> => {
    if (doing === undefined) return;
    await ask(device, `/v1/devices/${doing.device.device_id}/approve`, { method: 'POST' });
    tell('Device approved', `${doing.device.name} of ${doing.device.owner.sub}`);
    reload();
  };
  const revoke = async (reason: string, sinceMs: number): Promise<void> => {
    if (doing === undefined) return;
    await ask(emptyReply, `/v1/devices/${doing.device.device_id}/revoke`, { method: 'POST', body: { reason, compromised_since_ms: sinceMs } });
    tell('Device revoked', `${doing.device.name} of ${doing.device.owner.sub}`);
    reload();
  };
  return (
    <section className={frame.screen} aria-label="Devices">
      <ScreenHead title="Devices" sub={value === undefined ? 'Loading' : `${plural(all.length, 'device')}${waiting === 0 ? '' : `, ${waiting} of them waiting for approval`}`}>
        <TextInput w={200} leftSection={<IconSearch size={15} aria-hidden />} placeholder="Person, device, id" aria-label="Narrow the list" value={query} onChange={(e) => setQuery(e.currentTarget.value)} />
        <SegmentedControl size="sm" aria-label="Which devices" value={scope} onChange={(v) => setScope(scopes.find((s) => s.value === v)?.value ?? 'all')} data={[...scopes]} />
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={reload}>
          Refresh
        </Button>
      </ScreenHead>
      {loaded.state === 'loading' && <LoadingRows />}
      {loaded.state === 'failed' && <Failed what="The devices could not be read" error={loaded.error} onRetry={reload} />}
      {value !== undefined && shown.length === 0 && (
        <EmptyState icon={<IconDeviceLaptop size={26} />} title={all.length === 0 ? 'No device yet' : 'No such device'}>
          {all.length === 0 ? 'A device shows up here when its person has signed in on it for the first time.' : 'Nothing fits what you look for.'}
        </EmptyState>
      )}
      {shown.length > 0 && (
        <div className={classes.frame}>
          <VirtualTable label="Devices" columns={columnsFor(me, nowMs, setDoing)} rows={shown} keyOf={(d) => d.device_id} />
        </div>
      )}
      <ConfirmDialog
        opened={doing?.what === 'approve'}
        onClose={close}
        title="Approve this device"
        text={
          doing !== undefined && (
            <>
              <p>
                <b>{personText(doing.device.owner)}</b> may then open connections, ask for approvals and sign with <b>{doing.device.name}</b>.
              </p>
              <p>
                Ask the person for the device id that their app shows, and compare: <code>{doing.device.device_id}</code>
              </p>
            </>
          )
        }
        action="Approve"
        onConfirm={approve}
      />
      {doing?.what === 'revoke' && <RevokeDialog device={doing.device} onClose={close} onRevoke={revoke} />}
    </section>
  );
}
