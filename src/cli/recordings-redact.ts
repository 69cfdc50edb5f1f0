/** `sallyport recordings redact`: one person proposes and signs, a second one signs the same statement. */
import { Command } from 'commander';
import { fromBase64 } from '../base/encoding.ts';
import { ConfigError } from '../base/errors.ts';
import { isSessionId } from '../base/ids.ts';
import type { RedactionView } from '../contract/store/index.ts';
import { signPayload } from '../evidence/sign.ts';
import { connectApprover } from './approvals-connect.ts';
import { withIdentity } from './identity-options.ts';
import type { Place } from './recordings-place.ts';

interface Options extends Place {
  readonly content?: readonly string[];
  readonly basis?: string;
  readonly ticket?: string;
  readonly json?: boolean;
}

export function redactCommand(): Command {
  return withIdentity(new Command('redact').argument('<id>', 'a session id to propose for, or a redaction id to sign').description('take content out of a recording for good: a privacy officer and somebody of security sign the same statement'), 'required')
    .option('--content <where...>', 'record number, with :field for one content of it')
    .option('--basis <text>', 'legal basis')
    .option('--ticket <text>', 'ticket')
    .action(redact);
}

async function redact(id: string, o: Options): Promise<void> {
  if (o.config === undefined) throw new ConfigError('say which store', { field: '--config' });
  const { client, device } = await connectApprover({ config: o.config, groups: o.groups ?? '', ...(o.as === undefined ? {} : { as: o.as }), ...(o.tokenFile === undefined ? {} : { tokenFile: o.tokenFile }) });
  const proposal = isSessionId(id) ? await client.proposeRedaction(id, wishes(o)) : await client.redaction(id);
  const view = await client.signRedaction(proposal.id, signPayload('redaction', fromBase64(proposal.payload), [device]));
  process.stdout.write(o.json ? `${JSON.stringify(view)}\n` : redactionText(view));
}

function wishes(o: Options): { items: { n: number; field?: string }[]; legal_basis: string; ticket: string } {
  const { content, basis, ticket } = o;
  if (content === undefined || basis === undefined || ticket === undefined) throw new ConfigError('say what is to go, why, and under which ticket', { field: '--content, --basis, --ticket' });
  const items = content.map((text) => {
    const [, n, field] = /^(\d{1,15})(?::([a-z][a-z0-9_]*))?$/.exec(text) ?? [];
    if (n === undefined) throw new ConfigError(`${JSON.stringify(text)} is not a record number, or number:field`, { field: '--content' });
    return field === undefined ? { n: Number(n) } : { n: Number(n), field };
  });
  return { items, legal_basis: basis, ticket };
}

function redactionText(r: RedactionView): string {
  const items = r.items.map((i) => `  record ${i.n}, ${i.field}, ${i.len} bytes`).join('\n');
  const signed = r.signed_by.map((s) => s.name).join(', ');
  const next = r.state === 'proposed' ? `signed by ${signed}; it waits for the second person: sallyport recordings redact ${r.id}` : `signed by ${signed}; in force and in the log (${r.state})`;
  return `${r.id} of session ${r.session_id}, ${r.legal_basis}, ${r.ticket}\n${items}\n${next}\n`;
}
