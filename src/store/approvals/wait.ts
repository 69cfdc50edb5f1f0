/** The long poll of a proxy that holds a statement. */
import type { z } from 'zod';
import type { ApprovalId } from '../../base/ids.ts';
import type { approvalParams, waitQuery, waitReply } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import type { Context } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { decisionsOf, expireDue, findApproval } from './repository.ts';

type Status = z.output<typeof waitReply>;
type WaitContext = Context<z.output<typeof approvalParams>, z.output<typeof waitQuery>, undefined>;

/** Answers when there is something new, or at the caller's time-out with what there is. */
export async function waitForChange(ctx: WaitContext): Promise<Status> {
  const { id } = ctx.params;
  const { seen, timeout_ms } = ctx.query;
  const isNews = (s: Status): boolean => s.state !== 'pending' || s.decisions.length !== seen;
  let wake: () => void = () => undefined;
  // Subscribed before the first look, so a decision between look and wait is not missed.
  const unsubscribe = ctx.hub.subscribe((event) => {
    if (event.type === 'hello' || (event.type === 'approval' && event.id === id)) wake();
  });
  try {
    const first = await ctx.commit(id, (tx) => statusOf(tx, ctx, id), { detail: `seen ${seen}` });
    if (isNews(first)) return first;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout_ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      ctx.signal.addEventListener('abort', wake, { once: true });
      if (ctx.signal.aborted) wake();
    });
    return await ctx.db.transaction((tx) => statusOf(tx, ctx, id));
  } finally {
    unsubscribe();
  }
}

async function statusOf(tx: Queries, ctx: WaitContext, id: ApprovalId): Promise<Status> {
  await expireDue(tx, ctx.hub, ctx.clock.nowMs());
  const found = await findApproval(tx, id);
  if (found === undefined || found.device_id !== ctx.device.deviceId) throw new StoreError('not_found', 'no such approval');
  const decisions = (await decisionsOf(tx, id)).map((d) => ({ envelope: d.envelope }));
  return found.state === 'denied' ? { state: found.state, decisions, reason: found.reason } : { state: found.state, decisions };
}
