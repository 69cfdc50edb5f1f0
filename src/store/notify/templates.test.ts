import { describe, expect, it } from 'vitest';
import { approvalRequest } from '../../testing/ocsf-samples.ts';
import { alarms } from '../../evidence/ocsf-alarm.ts';
import type { AuditFact } from '../../evidence/ocsf-audit.ts';
import { mailOf } from './email.ts';
import { notification, notificationOf, withoutStatement } from './notification.ts';
import { slackText } from './slack.ts';
import { worded } from './templates.ts';
import { messageId, webhookBody } from './webhook.ts';

const page = 'https://store.example.com';
const request = approvalRequest();
const fact = (change: Partial<AuditFact>): AuditFact => ({ id: 9, tMs: 1_780_000_000_000, iss: 'https://idp.example', sub: 'carol', name: 'Carol', deviceId: '', address: '10.0.0.1', action: 'approval.request', object: request.id, outcome: 'ok', detail: '', approval: { request, state: 'pending' }, ...change });
const of = (change: Partial<AuditFact>): NonNullable<ReturnType<typeof notificationOf>> => {
  const n = notificationOf('store.test', fact(change));
  if (n === undefined) throw new Error('no notification');
  return notification.parse(JSON.parse(JSON.stringify(n)));
};
const evil = 'Eve\r\nBcc: all@example.com\u202e <script>alert(1)</script> & <!channel> *x* `y`';

describe('what is told of', () => {
  it('approvals: asked, decided, expired, cancelled', () => {
    const titles = [
      of({}),
      of({ action: 'approval.decide', approval: { request, state: 'approved', decision: { decision: 'approve', reason: 'fine' } } }),
      of({ action: 'approval.decide', approval: { request, state: 'denied', decision: { decision: 'deny', reason: 'no' } } }),
      of({ action: 'approval.decide', approval: { request: { ...request, quorum: 2 }, state: 'pending', decision: { decision: 'approve', reason: 'fine' } } }),
      of({ action: 'approval.expire', iss: '', sub: '', address: 'local', approval: { request, state: 'expired' } }),
      of({ action: 'approval.cancel', approval: { request, state: 'cancelled' } }),
    ].map((n) => worded(n, page).title);
    expect(titles).toEqual([
      'Approval needed: a statement of Alice on shop',
      'Approved: a statement of Alice on shop',
      'Denied: a statement of Alice on shop',
      'One approval of 2: a statement of Alice on shop',
      'Expired, nobody decided: a statement of Alice on shop',
      'Cancelled: a statement of Alice on shop',
    ]);
    expect(of({}).until_ms).toBe(request.expires_ms);
  });

  it('revoked devices, parts that do not verify, and every kind of alarm', () => {
    expect(of({ action: 'device.revoke', object: 'dev_1', detail: 'lost' }).kind).toBe('device.revoked');
    expect(of({ action: 'recording.chunk', outcome: 'refused', object: 's/1', detail: 'unprocessable: altered' }).kind).toBe('security.verification_failed');
    for (const kind of Object.keys(alarms)) expect(worded(of({ action: `security.${kind}`, object: 'log' }), page).title).toContain('log');
  });

  it('nothing else', () => {
    for (const change of [{ action: 'recording.list' }, { action: 'device.revoke', outcome: 'refused' as const }, { action: 'recording.chunk' }, { action: 'security.report' }]) expect(notificationOf('store.test', fact(change))).toBeUndefined();
  });

  it('the same alarm once an hour, another one at once', () => {
    const id = (tMs: number, object: string): string => of({ id: tMs, tMs, action: 'recording.chunk', outcome: 'refused', object, detail: 'unprocessable: x' }).id;
    expect(id(3_600_000, 's/1')).toBe(id(3_700_000, 's/1'));
    expect(id(3_600_000, 's/1')).not.toBe(id(3_600_000, 's/2'));
    expect(id(3_600_000, 's/1')).not.toBe(id(7_200_000, 's/1'));
  });
});

describe('content', () => {
  const hostile = of({ approval: { request: { ...request, requester: { ...request.requester, name: evil }, connection: evil, statement: `SELECT '${evil}'` }, state: 'pending' } });

  it('leaves the statement out unless the channel shows statements, and never has reasons that people typed', () => {
    const decided = of({ action: 'approval.decide', detail: 'now approved', approval: { request: { ...request, policy: { ...request.policy, reason: 'quotes canary' } }, state: 'approved', decision: { decision: 'approve', reason: 'canary' } } });
    for (const n of [withoutStatement(of({})), decided]) {
      const everything = JSON.stringify([webhookBody(n, page), slackText(worded(n, page)), mailOf(n, { from: 'a@b.c', to: ['d@e.f'] }, page)]);
      expect(everything).not.toContain('canary');
      if (n.kind === 'approval.requested') expect(everything).not.toContain('UPDATE customers');
    }
    expect(slackText(worded(of({}), page))).toContain('UPDATE customers SET active = false');
  });

  it('cannot add headers, mentions, markup or turned text', () => {
    const mail = mailOf(hostile, { from: 'store@example.com', to: ['a@example.com'] }, page);
    expect(mail.subject).not.toMatch(/[\r\n\u202e]/);
    expect(mail.html).not.toContain('<script>');
    expect(mail.to).toEqual(['a@example.com']);
    const slack = slackText(worded(hostile, page));
    expect(slack).not.toContain('<!channel>');
    expect(slack).not.toContain('<script>');
    expect(slack.split('\n')[0]).not.toContain('\r');
  });

  it('has links to the page, and ids that stay the same', () => {
    expect(worded(of({}), page).link).toBe(`${page}/sessions/${request.session_id}`);
    expect(messageId('a')).toBe(messageId('a'));
    expect(messageId('a')).toMatch(/^msg_[A-Za-z0-9_-]{27}$/);
    const mail = mailOf(of({}), { from: 'store@example.com', to: ['a@example.com'] }, page);
    expect(mail.messageId).toMatch(/^<[0-9a-f]{32}@example\.com>$/);
    expect(mail.text).toContain('sallyport approvals show');
  });
});
