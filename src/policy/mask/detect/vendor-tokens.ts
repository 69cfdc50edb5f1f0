/** Keys and tokens by what their issuers begin them with, as far as that is public and cannot be mistaken. */
import { RE2JS } from 're2js';
import type { DetectorId, Hit } from './ids.ts';
import { each } from './locate.ts';

/** As much as tells a token from other text; what continues it belongs to it. Of bounded length, without nested repetition. */
const VENDORS: readonly string[] = [
  // GitLab: personal, trigger, deploy, runner, job, SCIM, feed, mail, agent, application.
  'gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent|oas)-[A-Za-z0-9_.-]{20}',
  '[sr]k_(?:live|test)_[A-Za-z0-9]{16}',
  'whsec_[A-Za-z0-9+/]{24}',
  'npm_[A-Za-z0-9]{36}',
  'AIza[A-Za-z0-9_-]{35}',
  'ya29\\.[A-Za-z0-9_-]{20}',
  'GOCSPX-[A-Za-z0-9_-]{28}',
  'sk-[A-Za-z0-9_-]{20}',
  'gsk_[A-Za-z0-9]{40}',
  'pplx-[A-Za-z0-9]{40}',
  'xai-[A-Za-z0-9]{60}',
  'hf_[A-Za-z0-9]{34}',
  'r8_[A-Za-z0-9]{37}',
  'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32}',
  'pypi-[A-Za-z0-9_-]{50}',
  'rubygems_[0-9a-f]{48}',
  'dckr_(?:pat|oat)_[A-Za-z0-9_-]{20}',
  'HRKU-[A-Za-z0-9_-]{36}',
  '[A-Za-z0-9_.-]{3}[78]Q~[A-Za-z0-9_.~-]{31}',
  '(?:bot)?[0-9]{8,10}:AA[A-Za-z0-9_-]{33}',
  'do[opr]_v1_[0-9a-f]{64}',
  'shp(?:at|ss|ca|pa)_[0-9A-Fa-f]{32}',
  'sq0(?:atp|csp)-[A-Za-z0-9_-]{22}',
  'hv[sbr]\\.[A-Za-z0-9_-]{24}',
  '[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_-]{60}',
  'ATATT3x[A-Za-z0-9_=-]{60}',
  'ATBB[A-Za-z0-9]{32}',
  'AKCp[A-Za-z0-9]{60}',
  'LTAI[A-Za-z0-9]{16}',
  'gl(?:sa|c)_[A-Za-z0-9+/_=]{32}',
  'lin_api_[A-Za-z0-9]{40}',
  'ntn_[A-Za-z0-9]{43}',
  'dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9._-]{40}',
  'NRAK-[A-Z0-9]{27}',
  'pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32}',
  'PMAK-[0-9a-f]{24}-[0-9a-f]{34}',
  'pul-[0-9a-f]{40}',
  'sntry[su]_[A-Za-z0-9+/=_]{40}',
  'fm[12]r?_[A-Za-z0-9+/=]{60}',
  'dt0c01\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}',
  'ops_eyJ[A-Za-z0-9_=-]{100}',
  'figd_[A-Za-z0-9_-]{36}',
  'sbp_[0-9a-f]{40}',
  'tskey-[a-z]{2,12}-[A-Za-z0-9-]{16}',
  'key-[0-9a-f]{32}',
  '[0-9a-f]{32}-us[0-9]',
  // Twilio: an account, with its token or without, and a key.
  '(?:AC|SK)[0-9a-f]{32}(?::[0-9a-f]{32})?(?![A-Za-z0-9])',
  'dapi[0-9a-f]{32}(?:-[0-9]{1,2})?(?![A-Za-z0-9])',
  'pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}',
  '[MNO][A-Za-z0-9_-]{23,25}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27}',
];
/** Addresses that are secrets themselves: who knows one may post there. Their path is masked. */
const HOOK = RE2JS.compile('(?:hooks\\.slack\\.com/(?:services|workflows|triggers)/|discord(?:app)?\\.com/api/webhooks/|webhook\\.office\\.com/webhookb2/)([A-Za-z0-9_@/-]{20,})');

const VENDOR = new RegExp(`\\b(?:${VENDORS.join('|')})`, 'g');
const CONTINUES = /[A-Za-z0-9_+/=~-]|\.(?=[A-Za-z0-9])/y;

/** By detector: the pattern, and a cheaper one that has to be there. */
const ISSUED: readonly (readonly [DetectorId, RE2JS, RegExp])[] = [
  ['jwt', RE2JS.compile('eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}(?:\\.[A-Za-z0-9_-]*)?'), /eyJ/],
  ['aws_key', RE2JS.compile('\\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|APKA|AROA)[A-Z0-9]{16}\\b'), /A[A-Z]{2}A[A-Z0-9]{16}|A3T[A-Z0-9]{17}/],
  ['github_token', RE2JS.compile('(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})'), /gh[pousr]_|github_pat_/],
  ['slack_token', RE2JS.compile('\\b(?:xoxe\\.)?(?:xox[abceoprs]|xapp)-[A-Za-z0-9-]{10,}'), /xox[abceoprs]-|xapp-/],
];

/** @param wants whether a detector is at work */
export function findIssued(text: string, wants: (id: DetectorId) => boolean, hits: Hit[]): void {
  for (const [detector, pattern, cheap] of ISSUED) {
    if (wants(detector) && cheap.test(text)) each(pattern, text, (start, end) => hits.push({ start, end, detector }));
  }
  if (!wants('vendor_token')) return;
  VENDOR.lastIndex = 0;
  for (let match = VENDOR.exec(text); match !== null; match = VENDOR.exec(text)) {
    VENDOR.lastIndex = endOf(text, VENDOR.lastIndex);
    hits.push({ start: match.index, end: VENDOR.lastIndex, detector: 'vendor_token' });
  }
  if (/hooks\.slack|webhook/.test(text)) each(HOOK, text, (start, end) => hits.push({ start, end, detector: 'vendor_token' }), 1);
}

function endOf(text: string, from: number): number {
  CONTINUES.lastIndex = from;
  while (CONTINUES.test(text)) from = CONTINUES.lastIndex;
  return from;
}
