/** What of an error may cross into the window: a code, a sentence, and what to do. Never a stack, cause or path. */
import type { z } from 'zod';
import { ConfigError, DeniedError, EnvironmentError, MalformedError } from '../../base/errors.ts';
import type { EnvironmentCode } from '../../base/errors.ts';
import type { IpcErrorShape } from '../../contract/ipc/slice.ts';

const fixes: Readonly<Partial<Record<EnvironmentCode, string>>> = {
  'env.store': 'Check the network to the store, then try again. Open sessions go on.',
  'env.unreachable': 'Check the network or VPN to the target, then try again.',
  'env.timeout': 'Try again; if it lasts, the target or the network is overloaded.',
  'env.disk_full': 'Free disk space: nothing may run unrecorded.',
  'env.spool_limit': 'Restore the connection to the store so that recordings can be uploaded.',
  'env.upstream_auth': 'The target refused the leased credential. Tell the owner of the target.',
  'env.tls': 'Ask the owner of the target whether its key or certificate has changed: the new one must be registered first.',
};

/** Plain object for the window. Errors that are not the product's own say nothing of their inside. */
export function toIpcError(error: unknown): IpcErrorShape {
  if (error instanceof EnvironmentError) {
    const fix = fixes[error.code];
    return { code: error.code, message: error.message, ...(fix === undefined ? {} : { fix }) };
  }
  if (error instanceof DeniedError || error instanceof MalformedError) return { code: error.code, message: error.message };
  if (error instanceof ConfigError) {
    return { code: error.code, message: error.problem, ...(error.fix === undefined ? {} : { fix: error.fix }) };
  }
  return { code: 'bug', message: 'Something went wrong inside Sallyport.', fix: 'Try again. If it happens again, send the log to your administrator.' };
}

/** All bad fields of a request in one sentence, without the values: they may be secrets. */
export function toRequestError(error: z.ZodError): IpcErrorShape {
  const fields = error.issues.map((issue) => `${issue.path.map(String).join('.') || 'request'}: ${issue.message}`);
  return { code: 'request', message: fields.join('; ') };
}
