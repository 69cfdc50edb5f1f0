/** Messages to incoming webhooks as Slack has them, which Mattermost and others take too. */
import { post } from '../siem/http-post.ts';
import { type Channel, SEND_TIMEOUT_MS } from './channel.ts';
import { caOf, slackUrl, type SlackConfig } from './config.ts';
import { worded, type Worded } from './templates.ts';

/** @throws ConfigError for a URL that cannot be read */
export function slackChannel(c: SlackConfig, page: () => string): Channel {
  const url = slackUrl(c);
  const ca = caOf(c.ca_file, c.name);
  return {
    name: c.name,
    send: async (n, signal) => {
      const body = Buffer.from(JSON.stringify({ text: slackText(worded(n, page())), unfurl_links: false, unfurl_media: false }));
      const answer = await post({ url, headers: { 'content-type': 'application/json', 'user-agent': 'sallyport' }, body, ca, timeoutMs: SEND_TIMEOUT_MS, signal });
      // The URL is a secret: the host is all that an error may say.
      if (answer.status < 200 || answer.status > 299) throw new Error(`${new URL(url).host} answered ${answer.status}`);
    },
    close: () => undefined,
  };
}

/** The three characters that begin links, mentions and entities; nothing else does. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export function slackText(w: Worded): string {
  const lines = [`*${escaped(w.title).replaceAll('*', '∗')}*`, ...w.facts.map(([k, v]) => `${k}: ${escaped(v)}`)];
  if (w.statement !== undefined) lines.push(`\`\`\`${escaped(w.statement).replaceAll('`', "'")}\`\`\``);
  lines.push(escaped(w.advice));
  if (w.link !== undefined) lines.push(`<${escaped(w.link)}>`);
  return lines.join('\n');
}
