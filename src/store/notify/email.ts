/** Mail over SMTP: TLS verified, plain text with a simple HTML twin, addresses from the configuration only. */
import { createHash } from 'node:crypto';
import { secretOf } from '../config-parts.ts';
import { type Channel, SEND_TIMEOUT_MS } from './channel.ts';
import { caOf, type EmailConfig } from './config.ts';
import type { Notification } from './notification.ts';
import { worded, type Worded } from './templates.ts';

/** @throws ConfigError for a password or CA that cannot be read */
export function emailChannel(c: EmailConfig, page: () => string): Channel {
  const { smtp } = c;
  const ca = caOf(smtp.ca_file, c.name);
  const password = smtp.password === undefined ? undefined : secretOf(smtp.password, `notify.channels.${c.name}.smtp.password`);
  // Loaded with the first message: most stores send none.
  const connect = async () => (await import('nodemailer')).createTransport({
    host: smtp.host,
    port: smtp.port,
    secure: smtp.tls === 'implicit',
    requireTLS: smtp.tls === 'starttls',
    ignoreTLS: smtp.tls === 'none',
    ...(smtp.user === undefined || password === undefined ? {} : { auth: { user: smtp.user, pass: password } }),
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) },
    connectionTimeout: SEND_TIMEOUT_MS,
    greetingTimeout: SEND_TIMEOUT_MS,
    socketTimeout: SEND_TIMEOUT_MS,
    // A message is text that we made: it never names a file or a URL to be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  let transport: ReturnType<typeof connect> | undefined;
  return {
    name: c.name,
    send: async (n) => {
      transport ??= connect();
      const sent = await (await transport).sendMail(mailOf(n, c, page()));
      if (sent.rejected.length > 0) throw new Error(`${smtp.host} refused ${sent.rejected.length} of ${c.to.length} addresses`);
    },
    close: () => void transport?.then((t) => t.close(), () => undefined),
  };
}

export interface Mail {
  readonly from: string;
  readonly to: string[];
  readonly subject: string;
  readonly messageId: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function mailOf(n: Notification, c: Pick<EmailConfig, 'from' | 'to'>, page: string): Mail {
  const w = worded(n, page);
  // The same id at every try: mail systems and readers show it once.
  const id = createHash('sha256').update(n.id).digest('hex').slice(0, 32);
  const domain = c.from.slice(c.from.lastIndexOf('@') + 1);
  return { from: c.from, to: [...c.to], subject: `[Sallyport] ${w.title}`, messageId: `<${id}@${domain}>`, text: textOf(w), html: htmlOf(w), headers: { 'Auto-Submitted': 'auto-generated' } };
}

function textOf(w: Worded): string {
  const facts = w.facts.map(([k, v]) => `${k}: ${v}`);
  return [w.title, '', ...facts, ...(w.statement === undefined ? [] : ['', 'Statement (masked):', w.statement]), '', w.advice, ...(w.link === undefined ? [] : ['', w.link]), ''].join('\n');
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

function htmlOf(w: Worded): string {
  const rows = w.facts.map(([k, v]) => `<tr><td style="padding:2px 12px 2px 0;color:#555">${escaped(k)}</td><td style="padding:2px 0">${escaped(v)}</td></tr>`).join('');
  const statement = w.statement === undefined ? '' : `<p>Statement (masked):</p><pre style="white-space:pre-wrap;background:#f4f4f4;padding:8px">${escaped(w.statement)}</pre>`;
  const link = w.link === undefined ? '' : `<p><a href="${escaped(w.link)}">${escaped(w.link)}</a></p>`;
  return `<!doctype html><html><body style="font-family:sans-serif"><h2 style="font-size:16px">${escaped(w.title)}</h2><table style="border-collapse:collapse">${rows}</table>${statement}<p>${escaped(w.advice)}</p>${link}</body></html>`;
}
