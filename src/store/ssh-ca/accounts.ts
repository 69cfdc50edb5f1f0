/** Names of accounts and principals, made for the person who asks. */
import { StoreError } from '../http/errors.ts';

/** What a person may become by a template; only the configuration itself may say `root`. */
const MADE_NAME = /^(?!root$)[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,254}$/;

/**
 * `{sub}` becomes the subject, `{local_part@DOMAIN}` the part before the @ of a subject of that domain.
 * @throws StoreError forbidden when the person has none, or it would not be a plain name
 */
export function accountOf(template: string, sub: string): string {
  if (!template.includes('{')) return template;
  const name = template.replace(/\{(?:sub|local_part@([^}]+))\}/g, (_token, domain?: string) => (domain === undefined ? sub : localPart(sub, domain)));
  if (!MADE_NAME.test(name)) throw new StoreError('forbidden', `${template} gives no account for you`, { auditDetail: `${template} would be ${JSON.stringify(name)} for ${sub}` });
  return name;
}

function localPart(sub: string, domain: string): string {
  const at = sub.lastIndexOf('@');
  if (at < 1 || sub.slice(at + 1).toLowerCase() !== domain) throw new StoreError('forbidden', `accounts of this target are for people of ${domain}`);
  const name = sub.slice(0, at);
  // Another @ would let a person of one domain look like one of another in a template that adds something.
  if (name.includes('@')) throw new StoreError('forbidden', 'a subject with two @ has no account here');
  return name;
}
