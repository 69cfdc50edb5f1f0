/** The frame of the signed-in pages: where to go, who I am, light or dark. */
import { Menu, SegmentedControl, useMantineColorScheme } from '@mantine/core';
import { IconBell, IconChartBar, IconDeviceLaptop, IconEraser, IconEye, IconLogin2, IconLogout, IconRobot, IconSearch, IconSelector } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { emptyReply } from '../../contract/store/common.ts';
import type { Me } from '../../contract/store/identity.ts';
import { formatTime } from '../../ui/format.ts';
import { Mark } from '../../ui/mark.tsx';
import { ask } from '../api/http.ts';
import { AlarmBanner } from '../alarms/banner.tsx';
import { countText, useOpenAlarms } from '../alarms/open-alarms.ts';
import { tellSignedOut } from '../api/signed-out.ts';
import { Link } from '../link.tsx';
import { attempt } from '../notify.ts';
import type { Place } from '../place.ts';
import { mayOpen } from './pages.ts';
import classes from './shell.module.css';

const destinations = [
  { to: { page: 'search', filters: {} }, label: 'Search', icon: IconSearch, pages: ['search', 'session'] },
  { to: { page: 'alarms' }, label: 'Security events', icon: IconBell, pages: ['alarms'] },
  { to: { page: 'reports' }, label: 'Reports', icon: IconChartBar, pages: ['reports'] },
  { to: { page: 'redactions' }, label: 'Redactions', icon: IconEraser, pages: ['redactions'] },
  { to: { page: 'activity' }, label: 'Who watched what', icon: IconEye, pages: ['activity'] },
  { to: { page: 'devices' }, label: 'Devices', icon: IconDeviceLaptop, pages: ['devices'] },
  { to: { page: 'sign-ins' }, label: 'Sign-ins', icon: IconLogin2, pages: ['sign-ins'] },
  { to: { page: 'services' }, label: 'Service identities', icon: IconRobot, pages: ['services'] },
] as const satisfies readonly { to: Place; label: string; icon: unknown; pages: readonly Place['page'][] }[];

const titles: Readonly<Record<Place['page'], string>> = { search: 'Search', session: 'Session', reports: 'Reports', activity: 'Who watched what', alarms: 'Security events', redactions: 'Redactions', devices: 'Devices', 'sign-ins': 'Sign-ins', services: 'Service identities', nowhere: 'Not found' };

/** What matters on these pages comes first. */
const ROLES = ['auditor', 'privacy_officer', 'security', 'admin', 'approver', 'engineer', 'service'] as const satisfies readonly (keyof Me['roles'])[];
const rolesOf = (roles: Me['roles']): string[] => ROLES.filter((role) => roles[role]).map((role) => role.replaceAll('_', ' '));

function SchemeChoice() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      size="xs"
      fullWidth
      aria-label="Colours"
      value={colorScheme}
      onChange={setColorScheme}
      data={[
        { value: 'light', label: 'Light' },
        { value: 'dark', label: 'Dark' },
        { value: 'auto', label: 'System' },
      ]}
    />
  );
}

function Person({ me }: { me: Me }) {
  const signOut = (): void =>
    attempt('Could not sign out', async () => {
      await ask(emptyReply, '/auth/logout', { method: 'POST' });
      tellSignedOut();
    });
  return (
    <Menu position="right-end" width={260}>
      <Menu.Target>
        <button type="button" className={classes.person}>
          <span className={classes.initial} aria-hidden>
            {me.principal.name.charAt(0).toUpperCase()}
          </span>
          <span className={classes.who}>
            <b>{me.principal.name}</b>
            <small>{rolesOf(me.roles)[0] ?? 'no role'}</small>
          </span>
          <IconSelector size={15} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me.principal.sub}
          <br />
          {rolesOf(me.roles).join(', ') || 'no role'}
          <br />
          Signed in until {formatTime(me.expires_ms).slice(0, 16)}
        </Menu.Label>
        <div className={classes.scheme}>
          <SchemeChoice />
        </div>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={15} aria-hidden />} onClick={signOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export function Shell({ me, at, children }: { me: Me; at: Place; children: ReactNode }) {
  useEffect(() => {
    document.title = `${titles[at.page]} · Sallyport`;
  }, [at.page]);
  const open = useOpenAlarms(mayOpen('alarms', me.roles), at.page);
  return (
    <div className={classes.root}>
      <a className={classes.skip} href="#main">
        Skip to the content
      </a>
      <nav className={classes.nav} aria-label="Main">
        <div className={classes.brand}>
          <Mark /> Sallyport
        </div>
        {destinations.filter(({ to }) => mayOpen(to.page, me.roles)).map(({ to, label, icon: Icon, pages }) => (
          <Link key={label} to={to} className={classes.item} aria-current={pages.some((p) => p === at.page) ? 'page' : undefined}>
            <Icon size={18} stroke={1.7} aria-hidden />
            <span>{label}</span>
            {to.page === 'alarms' && open.count > 0 && (
              <span className={classes.count} aria-label={`${countText(open.count)} open`}>
                {countText(open.count)}
              </span>
            )}
          </Link>
        ))}
        <div className={classes.grow} />
        <Person me={me} />
      </nav>
      <main className={classes.main} id="main" tabIndex={-1}>
        {at.page !== 'alarms' && <AlarmBanner open={open} />}
        <div className={classes.page}>{children}</div>
      </main>
    </div>
  );
}
