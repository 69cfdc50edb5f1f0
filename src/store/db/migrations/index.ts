/** Every step, in order of number. */
import { first } from './0001-first.ts';
import { log } from './0002-log.ts';
import { search } from './0003-search.ts';
import { policy } from './0004-policy.ts';
import { identity } from './0005-identity.ts';
import { siem } from './0006-siem.ts';
import { parts } from './0008-parts.ts';
import { retention } from './0012-retention.ts';
import { searchUnmasked } from './0013-search-unmasked.ts';
import { securityEvents } from './0014-security-events.ts';
import { sshCa } from './0016-ssh-ca.ts';
import type { Migration } from './migration.ts';

export const migrations: readonly Migration[] = [first, log, search, policy, identity, siem, parts, retention, searchUnmasked, securityEvents, sshCa];
