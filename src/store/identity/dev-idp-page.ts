/** The sign-in page of the development identity provider. */
import { escapeHtml } from '../http/html.ts';
export interface DevPerson {
  readonly subject: string;
  readonly name: string;
  readonly groups: readonly string[];
  /** When set, the page asks for it. */
  readonly password?: string | undefined;
}


const style = `
:root{color-scheme:light dark;--bg:#f4f5f7;--card:#fff;--line:#dfe2e8;--text:#1b1f27;--dim:#626b7a;--accent:#3b5bdb;--bad:#c92a2a}
@media (prefers-color-scheme:dark){:root{--bg:#14161a;--card:#1d2026;--line:#31363f;--text:#e8eaee;--dim:#98a1b0;--accent:#748ffc;--bad:#ff8787}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,sans-serif}
main{width:min(420px,92vw);padding:32px;background:var(--card);border:1px solid var(--line);border-radius:14px;box-shadow:0 12px 40px rgb(0 0 0/.08)}
h1{margin:0 0 4px;font-size:21px;letter-spacing:-.01em}p{margin:0 0 20px;color:var(--dim)}
form{margin:0 0 10px;border:1px solid var(--line);border-radius:10px;overflow:hidden}form:focus-within{border-color:var(--accent)}
button{display:flex;gap:12px;align-items:center;width:100%;padding:12px 14px;border:0;background:none;color:inherit;font:inherit;text-align:left;cursor:pointer}
button:hover,button:focus-visible{background:color-mix(in srgb,var(--accent) 10%,transparent);outline:none}
.dot{flex:none;width:36px;height:36px;border-radius:50%;display:grid;place-items:center;background:var(--accent);color:#fff;font-weight:600}
.who{display:block;font-weight:600}.sub{display:block;color:var(--dim);font-size:13px;overflow-wrap:anywhere}
label{display:block;padding:10px 14px 0;font-size:13px;color:var(--dim)}
input{width:100%;margin-top:4px;padding:8px 10px;border:1px solid var(--line);border-radius:8px;background:transparent;color:inherit;font:inherit}
.bad{color:var(--bad)}small{display:block;margin-top:18px;color:var(--dim)}`;

/** @param action where the form posts to */
export function signInPage(people: readonly DevPerson[], action: string, problem?: string): string {
  const forms = people.map((p) => {
    const initial = escapeHtml((p.name[0] ?? '?').toUpperCase());
    const about = escapeHtml([p.subject, p.groups.join(', ')].filter((x) => x !== '').join(' · '));
    const password = p.password === undefined ? '' : `<label>Password<input type="password" name="password" autocomplete="current-password" required></label>`;
    return `<form method="post" action="${escapeHtml(action)}">${password}<button name="subject" value="${escapeHtml(p.subject)}"><span class="dot" aria-hidden="true">${initial}</span><span><span class="who">${escapeHtml(p.name)}</span><span class="sub">${about}</span></span></button></form>`;
  });
  const body = `<h1>Sign in to Sallyport</h1><p>Choose who you are.</p>${problem === undefined ? '' : `<p class="bad" role="alert">${escapeHtml(problem)}</p>`}${forms.join('')}<small>Development identity provider. It proves nothing about anybody: use a real one outside of this machine.</small>`;
  return page('Sign in', body);
}

export const messagePage = (title: string, text: string): string => page(title, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>`);

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)} · Sallyport</title><style>${style}</style></head><body><main>${body}</main></body></html>`;
}
