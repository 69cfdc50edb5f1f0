import type { ApprovalSummary } from '../../contract/ipc/approvals.ts';

/** Only what runs in a database names one: without it, what waits is a command line or a file of a host, and no SQL. */
export const isCommand = ({ database }: Pick<ApprovalSummary, 'database'>): boolean => database === '';
