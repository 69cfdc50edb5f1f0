/** What stands above a terminal when something waits, was refused, or has ended. */
import { Button } from '@mantine/core';
import { IconCopy, IconPlugConnectedX, IconShieldX } from '@tabler/icons-react';
import { asSentence } from '../../ui/format.ts';
import { useStore } from '../../ui/store.ts';
import { copyText } from '../notify.ts';
import { HoldBanner } from '../workbench/run-banner.tsx';
import banner from '../workbench/workbench.module.css';
import { filesOf, filesStore } from './files-store.ts';
import classes from './terminal.module.css';
import type { Refusal, Tab } from './terminal-store.ts';
import { closeTab, reconnect, updateTab, withdraw } from './terminal-store.ts';

function RefusalBanner({ refusal, onDismiss }: { refusal: Refusal; onDismiss: () => void }) {
  const { reason, policyIds, reference } = refusal;
  const report = ['Denied by policy', reason, policyIds.join(', '), reference].filter((x) => x !== '').join('\n');
  return (
    <div className={banner.banner} data-tone="deny" role="alert">
      <div className={banner.bannerIcon}>
        <IconShieldX size={20} aria-hidden />
      </div>
      <div>
        <p className={banner.bannerTitle}>Not allowed</p>
        <p className={banner.bannerText}>{asSentence(reason)}</p>
        <p className={banner.bannerMeta}>
          {policyIds.length > 0 && (
            <span>
              Policy <code>{policyIds.join(', ')}</code>
            </span>
          )}
          <span>
            Reference <code>{reference}</code>
          </span>
        </p>
      </div>
      <div style={{ display: 'flex', gap: 8 }}>
        <Button size="xs" variant="default" leftSection={<IconCopy size={14} />} onClick={() => copyText(report, 'Refusal copied')}>
          Copy
        </Button>
        <Button size="xs" variant="default" onClick={onDismiss}>
          Dismiss
        </Button>
      </div>
    </div>
  );
}

function EndBanner({ tab, message, neverBegan }: { tab: Tab } & NonNullable<Tab['disconnected']>) {
  const { tabId } = tab.info;
  const [end, ...others] = tab.panes.map((p) => p.end).filter((text) => text !== '');
  // With several shells, the ends of each tell nothing about the session.
  const shell = end === undefined || others.length > 0 || message !== '' ? '' : end;
  const kept = neverBegan ? '' : 'What was shown stays here; a new session is a new recording.';
  return (
    <div className={banner.banner} data-tone={message === '' ? undefined : 'deny'} role="alert">
      <div className={banner.bannerIcon}>
        <IconPlugConnectedX size={20} aria-hidden />
      </div>
      <div>
        <p className={banner.bannerTitle}>{neverBegan ? 'The session did not begin' : 'The session has ended'}</p>
        <p className={banner.bannerText}>{[shell, asSentence(message), kept].filter((part) => part !== '').join(' ')}</p>
      </div>
      <div style={{ display: 'flex', gap: 8 }}>
        <Button size="xs" loading={tab.reconnecting} onClick={() => reconnect(tabId)}>
          Reconnect
        </Button>
        <Button size="xs" variant="default" onClick={() => closeTab(tabId)}>
          Close
        </Button>
      </div>
    </div>
  );
}

export function Banners({ tab }: { tab: Tab }) {
  const { tabId } = tab.info;
  const { problem, seen } = filesOf(useStore(filesStore), tabId);
  // The files panel says it, or has said it, in its place.
  const there = `${tab.files ? (problem?.why ?? '') : ''} ${seen}`;
  const refusal = tab.refusal !== undefined && there.includes(tab.refusal.reference) ? undefined : tab.refusal;
  if (tab.holds.length === 0 && refusal === undefined && tab.disconnected === undefined) return null;
  return (
    <div className={classes.banners} tabIndex={0} role="region" aria-label="What waits or was refused">
      {tab.disconnected !== undefined && <EndBanner tab={tab} {...tab.disconnected} />}
      {refusal !== undefined && <RefusalBanner refusal={refusal} onDismiss={() => updateTab(tabId, (t) => ({ ...t, refusal: undefined }))} />}
      {tab.holds.map((hold) => (
        <HoldBanner key={hold.approvalId} held={hold} approvals={hold.approvals} onCancel={() => withdraw(tabId, hold.approvalId)} />
      ))}
    </div>
  );
}
