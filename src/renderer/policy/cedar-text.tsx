/** Cedar source with light colours. */
import classes from './policy.module.css';

const PART = /(\/\/[^\n]*)|("(?:[^"\\]|\\.)*")|(@[a-z_]+)|\b(permit|forbid|when|unless|in|is|like|has|principal|action|resource|context|if|then|else|true|false)\b/g;

export interface CedarPart {
  readonly kind: 'plain' | 'comment' | 'string' | 'annotation' | 'keyword';
  readonly text: string;
}

/** The source in coloured parts; joined they are the source again. Pure. */
export function cedarParts(source: string): CedarPart[] {
  const parts: CedarPart[] = [];
  let end = 0;
  for (const match of source.matchAll(PART)) {
    if (match.index > end) parts.push({ kind: 'plain', text: source.slice(end, match.index) });
    const [text, comment, string, annotation] = match;
    parts.push({ kind: comment !== undefined ? 'comment' : string !== undefined ? 'string' : annotation !== undefined ? 'annotation' : 'keyword', text });
    end = match.index + text.length;
  }
  if (end < source.length) parts.push({ kind: 'plain', text: source.slice(end) });
  return parts;
}

export function CedarText({ source, label }: { source: string; label: string }) {
  return (
    <pre className={classes.cedar} tabIndex={0} aria-label={label}>
      {cedarParts(source).map((p, i) => {
        if (p.kind === 'keyword') return <b key={i}>{p.text}</b>;
        if (p.kind === 'string') return <i key={i}>{p.text}</i>;
        if (p.kind === 'annotation') return <em key={i}>{p.text}</em>;
        return p.kind === 'comment' ? <u key={i}>{p.text}</u> : p.text;
      })}
    </pre>
  );
}
