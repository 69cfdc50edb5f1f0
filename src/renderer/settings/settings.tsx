/** Settings of this app. What protects people is policy, not a setting: nothing here weakens it. */
import { Button, NumberInput, SegmentedControl, Switch } from '@mantine/core';
import { IconAlertTriangle, IconLogout, IconShieldLock } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useCallback } from 'react';
import type { AppInfo } from '../../contract/ipc/app.ts';
import type { AuthState } from '../../contract/ipc/auth.ts';
import type { Settings as Values } from '../../contract/ipc/settings.ts';
import { formatTime } from '../../ui/format.ts';
import { Pill } from '../../ui/pill.tsx';
import { api, ask } from '../api.ts';
import { useLive } from '../live.ts';
import { attempt } from '../notify.ts';
import { Digest, Facts, ScreenHead } from '../screen.tsx';
import frame from '../../ui/screen.module.css';
import classes from './settings.module.css';

function Row({ name, help, children }: { name: string; help: string; children: ReactNode }) {
  return (
    <div className={classes.row}>
      <span className={classes.name}>{name}</span>
      <span className={classes.help}>{help}</span>
      <span className={classes.control}>{children}</span>
    </div>
  );
}

const number = (value: string | number, min: number, max: number): number | undefined => {
  const n = typeof value === 'number' ? value : Number.parseInt(value, 10);
  return Number.isInteger(n) && n >= min && n <= max ? n : undefined;
};

function Preferences({ settings, onChange }: { settings: Values; onChange: (s: Values) => void }) {
  const set = (patch: Partial<Values>) => onChange({ ...settings, ...patch });
  const setNumber = (key: 'editorFontPx' | 'maxRows' | 'keepAliveMinutes' | 'terminalFontPx' | 'terminalScrollback', min: number, max: number) => (value: string | number) => {
    const n = number(value, min, max);
    if (n !== undefined) set({ [key]: n });
  };
  return (
    <>
      <div>
        <h2 className={classes.title}>Appearance</h2>
        <div className={frame.card}>
          <Row name="Theme" help="Follows the system unless you choose.">
            <SegmentedControl aria-label="Theme" size="xs" value={settings.theme} onChange={(theme) => set({ theme })} data={themes} />
          </Row>
          <Row name="Editor text size" help="Pixels, 11 to 22.">
            <NumberInput aria-label="Editor text size" w={130} size="xs" min={11} max={22} value={settings.editorFontPx} onChange={setNumber('editorFontPx', 11, 22)} />
          </Row>
        </div>
      </div>
      <div>
        <h2 className={classes.title}>Workbench</h2>
        <div className={frame.card}>
          <Row name="Rows kept in the grid" help="More rows are still recorded, but not held in memory. 100 to 1,000,000.">
            <NumberInput aria-label="Rows kept in the grid" w={130} size="xs" min={100} max={1_000_000} step={10_000} thousandSeparator="," value={settings.maxRows} onChange={setNumber('maxRows', 100, 1_000_000)} />
          </Row>
          <Row name="Ask before running on production" help="One more question on connections labelled env=prod.">
            <Switch aria-label="Ask before running on production" checked={settings.confirmOnProd} onChange={(e) => set({ confirmOnProd: e.currentTarget.checked })} />
          </Row>
          <Row name="Keep idle sessions open" help="Minutes without a statement before a tab’s session is closed. 0 leaves it to the server.">
            <NumberInput aria-label="Keep idle sessions open, minutes" w={130} size="xs" min={0} max={480} value={settings.keepAliveMinutes} onChange={setNumber('keepAliveMinutes', 0, 480)} />
          </Row>
          <Row name="Notify about approvals" help="A desktop notification when a colleague needs you, and when yours is decided.">
            <Switch aria-label="Notify about approvals" checked={settings.notifyApprovals} onChange={(e) => set({ notifyApprovals: e.currentTarget.checked })} />
          </Row>
        </div>
      </div>
      <TerminalPreferences settings={settings} set={set} setNumber={setNumber} />
    </>
  );
}

interface PreferenceProps {
  readonly settings: Values;
  readonly set: (patch: Partial<Values>) => void;
  readonly setNumber: (key: 'terminalFontPx' | 'terminalScrollback', min: number, max: number) => (value: string | number) => void;
}

function TerminalPreferences({ settings, set, setNumber }: PreferenceProps) {
  return (
    <div>
      <h2 className={classes.title}>Terminal</h2>
      <div className={frame.card}>
        <Row name="Font" help="The one that comes with Sallyport, or the system’s.">
          <SegmentedControl aria-label="Terminal font" size="xs" value={settings.terminalFont} onChange={(terminalFont) => set({ terminalFont })} data={terminalFonts} />
        </Row>
        <Row name="Text size" help="Pixels, 9 to 32.">
          <NumberInput aria-label="Terminal text size" w={130} size="xs" min={9} max={32} value={settings.terminalFontPx} onChange={setNumber('terminalFontPx', 9, 32)} />
        </Row>
        <Row name="Lines kept to scroll back" help="In this window; the recording keeps everything. 100 to 100,000.">
          <NumberInput aria-label="Lines kept to scroll back" w={130} size="xs" min={100} max={100_000} step={1_000} thousandSeparator="," value={settings.terminalScrollback} onChange={setNumber('terminalScrollback', 100, 100_000)} />
        </Row>
        <Row name="Flash for the bell" help="When a program in the terminal rings it.">
          <Switch aria-label="Flash for the bell" checked={settings.terminalBell} onChange={(e) => set({ terminalBell: e.currentTarget.checked })} />
        </Row>
        <Row name="Screen reader support" help="Terminals tell a screen reader what is written. Fast output is drawn more slowly.">
          <Switch aria-label="Screen reader support" checked={settings.terminalScreenReader} onChange={(e) => set({ terminalScreenReader: e.currentTarget.checked })} />
        </Row>
      </div>
    </div>
  );
}

const terminalFonts: { value: Values['terminalFont']; label: string }[] = [
  { value: 'builtin', label: 'JetBrains Mono' },
  { value: 'system', label: 'System' },
];

const themes: { value: Values['theme']; label: string }[] = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

function Identity({ auth, info }: { auth: Extract<AuthState, { phase: 'signed_in' }>; info: AppInfo | undefined }) {
  return (
    <div>
      <h2 className={classes.title}>Identity and device</h2>
      <div className={frame.card} style={{ padding: 18 }}>
        <Facts
          rows={[
            ['Signed in as', <b key="n">{auth.name}</b>],
            ['Subject', auth.subject],
            ['Groups', auth.groups.join(', ') || 'none'],
            ['Issuer', auth.issuer],
            ['Until', formatTime(auth.expiresMs)],
            ['Device', <Digest key="d" value={auth.deviceId} label="Device id" />],
            [
              'Device key',
              auth.keyProtection === 'os' ? (
                <Pill key="k" tone="allow" icon={<IconShieldLock size={13} aria-hidden />}>
                  protected by the system
                </Pill>
              ) : (
                <Pill key="k" tone="hold" icon={<IconAlertTriangle size={13} aria-hidden />}>
                  in memory only: this system offers no protected storage, so the device enrols again at every start
                </Pill>
              ),
            ],
            ['Version', info === undefined ? '' : `Sallyport ${info.version} · Electron ${info.electron}`],
            ['Store', info?.storeUrl ?? ''],
          ]}
        />
        <Button mt="md" variant="default" size="xs" leftSection={<IconLogout size={15} />} onClick={() => attempt('Could not sign out', () => ask(api.auth.signOut()))}>
          Sign out
        </Button>
      </div>
    </div>
  );
}

export function Settings(props: { settings: Values; auth: Extract<AuthState, { phase: 'signed_in' }> }) {
  const loadInfo = useCallback(() => api.app.info(), []);
  const info = useLive(loadInfo);
  const save = (settings: Values) => attempt('The setting was not saved', () => ask(api.settings.set(settings)));
  return (
    <section className={frame.screen} aria-label="Settings">
      <ScreenHead title="Settings" sub="For you on this laptop. Protection comes from policy and is not a setting." />
      <div className={frame.body} tabIndex={0} role="region" aria-label="All settings">
        <div className={classes.form}>
          <Preferences settings={props.settings} onChange={save} />
          <Identity auth={props.auth} info={info.value} />
        </div>
      </div>
    </section>
  );
}
