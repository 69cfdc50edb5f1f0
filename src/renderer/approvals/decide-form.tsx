/** Approve or deny, with a reason that is signed together with the decision. */
import { Button, TextInput } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { ApprovalDetail } from '../../contract/ipc/approvals.ts';
import { api, ask } from '../api.ts';
import { attempt, tell } from '../notify.ts';
import classes from './approvals.module.css';
import { isCommand } from './is-command.ts';

const MIN_REASON = 3;

export function DecideForm({ detail, onDecided }: { detail: ApprovalDetail; onDecided: (detail: ApprovalDetail) => void }) {
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState<'approve' | 'deny'>();
  const decide = (decision: 'approve' | 'deny') => {
    if (reason.trim().length < MIN_REASON) {
      setMissing(true);
      return;
    }
    setBusy(decision);
    attempt('The decision was not made', async () => {
      try {
        onDecided(await ask(api.approvals.decide({ id: detail.id, decision, reason: reason.trim(), shownRequestDigest: detail.digests.request })));
        tell(decision === 'approve' ? 'Approved' : 'Denied', `${detail.requester.name} is told.`, decision === 'approve' ? 'success' : 'info');
      } finally {
        setBusy(undefined);
      }
    });
  };
  if (!detail.mayDecide.allowed) {
    return (
      <div className={classes.decide}>
        <p className={classes.note} style={{ margin: 0 }}>
          You cannot decide this: {detail.mayDecide.reason}
        </p>
      </div>
    );
  }
  return (
    <div className={classes.decide}>
      <div className={classes.decideRow}>
        <TextInput
          style={{ flex: 1 }}
          placeholder="Reason: goes to the requester and into the record"
          aria-label="Reason"
          required
          maxLength={2_000}
          value={reason}
          error={missing && reason.trim().length < MIN_REASON ? 'Say why, in a few words.' : undefined}
          onChange={(e) => setReason(e.currentTarget.value)}
        />
        <Button variant="light" color="red" leftSection={<IconX size={16} />} loading={busy === 'deny'} disabled={busy === 'approve'} onClick={() => decide('deny')}>
          Deny
        </Button>
        <Button color="teal.9" leftSection={<IconCheck size={16} />} loading={busy === 'approve'} disabled={busy === 'deny'} onClick={() => decide('approve')}>
          Approve once
        </Button>
      </div>
      <p className={classes.note}>Signed with this device’s key for exactly {isCommand(detail) ? 'what is shown here' : 'this statement and these parameters'}. It runs once; any change needs a new approval.</p>
    </div>
  );
}
