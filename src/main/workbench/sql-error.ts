/** ErrorResponse of the proxy or the target as the window shows it: a refusal is told from an ordinary error. */
import type { SqlError } from '../../contract/ipc/common.ts';
import { reasonIn } from '../../contract/refusal.ts';
import { noticeField, sqlState, type NoticeField } from '../../wire/postgres/index.ts';

const POLICIES = /^Policies: (.+)\.$/;
const REFERENCE = /^Reference (\S+)\.$/;

/** What the proxy itself says carries a reference as its hint (promise 10); errors of the target never do. */
export function toSqlError(fields: readonly NoticeField[]): SqlError {
  const sqlstate = noticeField(fields, 'code') ?? 'XX000';
  const message = noticeField(fields, 'message') ?? '';
  const detail = noticeField(fields, 'detail');
  const hint = noticeField(fields, 'hint');
  const position = Number(noticeField(fields, 'position') ?? 0);
  const reference = REFERENCE.exec(hint ?? '')?.[1];
  const policyIds = POLICIES.exec(detail ?? '')?.[1]?.split(', ') ?? [];
  const refused = sqlstate === sqlState.insufficientPrivilege && reference !== undefined;
  return {
    sqlstate,
    message: refused ? reasonIn(message) : message,
    ...(detail === undefined || policyIds.length > 0 ? {} : { detail }),
    ...(hint === undefined || reference !== undefined ? {} : { hint }),
    ...(Number.isSafeInteger(position) && position > 0 ? { position } : {}),
    ...(refused ? { refusal: policyIds.length > 0 ? ('denied' as const) : ('refused' as const) } : {}),
    policyIds,
    ...(reference === undefined ? {} : { reference }),
  };
}
