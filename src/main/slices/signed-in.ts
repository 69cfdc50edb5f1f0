/** Registers the slices that need a signed-in person, and keeps the window told about what happens. Loaded late. */
import { Notification } from 'electron';
import { appSlice } from '../../contract/ipc/app.ts';
import { connectionsSlice } from '../../contract/ipc/connections.ts';
import { approvalsSlice } from '../../contract/ipc/approvals.ts';
import { policySlice } from '../../contract/ipc/policy.ts';
import { sessionsSlice } from '../../contract/ipc/sessions.ts';
import { terminalSlice } from '../../contract/ipc/terminal.ts';
import { workbenchSlice } from '../../contract/ipc/workbench.ts';
import type { ProxyEvent } from '../../proxy/core/events.ts';
import type { ApprovalItem } from '../../proxy/core/store-client.ts';
import { registerSlice } from '../ipc/handle.ts';
import { describeError } from '../app/log.ts';
import type { Work } from '../work/work.ts';
import { approvalsHandlers } from './approvals.ts';
import { connectionsHandlers } from './connections.ts';
import type { AskWhere, SliceContext } from './context.ts';
import { policyHandlers } from './policy.ts';
import { sessionsHandlers } from './sessions.ts';
import { Throttle } from './status.ts';
import { terminalHandlers } from './terminal.ts';
import { workbenchHandlers } from './workbench.ts';

export interface SignedInSlices {
  /** Follows a new person's proxy and store until their work ends. */
  follow(work: Work): void;
  pendingApprovals(): number;
}

const SESSION_EVENTS: ReadonlySet<ProxyEvent['event']> = new Set(['session.opened', 'session.closed', 'session.uploaded']);

export function registerSignedIn(context: SliceContext, askWhere: AskWhere, statusChanged: () => void): SignedInSlices {
  const connections = connectionsHandlers(context);
  const approvals = approvalsHandlers(context);
  const workbench = workbenchHandlers(context, askWhere);
  const terminal = terminalHandlers(context, askWhere);
  const sessions = sessionsHandlers(context, askWhere);
  registerSlice(context.host, connectionsSlice, connections.handlers);
  registerSlice(context.host, approvalsSlice, approvals.handlers);
  registerSlice(context.host, workbenchSlice, workbench.handlers);
  registerSlice(context.host, terminalSlice, terminal.handlers);
  registerSlice(context.host, sessionsSlice, sessions.handlers);
  const policy = policyHandlers(context);
  registerSlice(context.host, policySlice, policy);
  let pending = 0;
  let told = new Set<string>();

  const look = (work: Work): void => {
    approvals.refresh().then(
      (items) => {
        if (work.signal.aborted) return;
        for (const item of items) {
          workbench.approvalsSeen(item.id, approvalCount(item));
          terminal.approvalsSeen(item.id, approvalCount(item));
        }
        const mine = items.filter((i) => i.state === 'pending' && i.mayDecide);
        for (const item of mine) if (!told.has(item.id) && context.settings().notifyApprovals) notify(item);
        told = new Set(mine.map((i) => i.id));
        pending = mine.length;
        statusChanged();
      },
      (error: unknown) => context.log.write('warning', 'approvals.not_listed', describeError(error)),
    );
  };

  const policyChanged = (work: Work, event: ProxyEvent): void => {
    context.log.write(event.event === 'policy.activated' || event.event === 'policy.restored' ? 'info' : 'warning', event.event, 'reason' in event ? event.reason : '');
    if (event.event === 'policy.activated') context.emit(appSlice, 'message', { level: 'info', title: `Policy ${event.name} #${event.serial} decides now`, message: 'It was verified and has passed its own tests.' });
    // The swap itself is done when the event comes; what the window shows is made from what decides now.
    Promise.resolve(policy.active(undefined)).then(
      (shown) => {
        if (!work.signal.aborted) context.emit(policySlice, 'changed', shown);
      },
      (error: unknown) => context.log.write('warning', 'policy.not_shown', describeError(error)),
    );
  };

  return {
    pendingApprovals: () => pending,
    follow: (work) => {
      pending = 0;
      const listed = new Throttle(1_000, () => {
        if (work.signal.aborted) return;
        sessions.changed();
        connections.changed();
      });
      const looked = new Throttle(300, () => look(work));
      work.runtime.events.on((event) => {
        if (work.signal.aborted) return;
        if (event.event === 'auth.refused') context.log.write('warning', 'endpoint.refused', `${event.connection}: ${event.reason}`);
        if (SESSION_EVENTS.has(event.event)) listed.poke();
        if (event.event.startsWith('policy.')) policyChanged(work, event);
        statusChanged();
      });
      void work.client.subscribe(
        (event) => {
          if (event.type === 'recording') listed.poke();
          else looked.poke();
        },
        work.signal,
        (error) => {
          // The end of the work aborts the stream: no problem to tell.
          if (!work.signal.aborted) context.log.write('warning', 'store.events', describeError(error));
        },
      );
      looked.poke();
    },
  };
}

const approvalCount = (item: ApprovalItem): number => item.decisions.filter((d) => d.decision.decision === 'approve').length;

/** Says who and where; the statement is for the inbox, not for a lock screen. */
function notify(item: ApprovalItem): void {
  if (!Notification.isSupported()) return;
  new Notification({ title: 'Approval asked', body: `${item.request.requester.name} on ${item.request.connection}: ${item.request.policy.reason}` }).show();
}
