/** Who looked at this session: the store records reads like writes, this one too. */
import { useCallback } from 'react';
import { watcherList, type watcher } from '../../contract/store/search.ts';
import type { z } from 'zod';
import { formatTime, plural } from '../../ui/format.ts';
import { LoadingRows } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import { ask } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import { Failed } from '../ui.tsx';
import classes from './session.module.css';

type Watcher = z.output<typeof watcher>;

interface Viewing {
  readonly first: Watcher;
  readonly fromMs: number;
  readonly toMs: number;
  readonly calls: number;
  readonly exported: boolean;
  readonly refused: boolean;
}

const SAME_VIEWING_MS = 10 * 60_000;

/** Opening a session makes many calls: what one person did in one go is one viewing. Newest first, as it comes. */
export function viewingsOf(watchers: readonly Watcher[]): Viewing[] {
  const out: Viewing[] = [];
  for (const w of watchers) {
    const last = out.at(-1);
    const refused = w.outcome === 'refused';
    const exported = w.action === 'recording.export' && !refused;
    if (last !== undefined && last.first.iss === w.iss && last.first.sub === w.sub && last.refused === refused && last.fromMs - w.t_ms <= SAME_VIEWING_MS) {
      out[out.length - 1] = { ...last, fromMs: w.t_ms, calls: last.calls + 1, exported: last.exported || exported };
    } else out.push({ first: w, fromMs: w.t_ms, toMs: w.t_ms, calls: 1, exported, refused });
  }
  return out;
}

export function Watchers({ session }: { session: string }) {
  const load = useCallback((signal: AbortSignal) => ask(watcherList, `/v1/recordings/${encodeURIComponent(session)}/watchers`, { signal }), [session]);
  const { loaded, reload } = useLoad(load);
  if (loaded.state === 'loading') return <LoadingRows rows={4} />;
  if (loaded.state === 'failed') return <Failed what="The access log could not be read" error={loaded.error} onRetry={reload} />;
  const viewings = viewingsOf(loaded.value.watchers);
  if (viewings.length === 0) return <p className={frame.section}>Nobody has looked at this session yet.</p>;
  return (
    <ul className={classes.watchers} aria-label="Viewed by">
      {viewings.map((v) => (
        <li key={v.first.id}>
          <b>{v.first.name === '' ? v.first.sub : v.first.name}</b> {v.refused ? 'was refused' : v.exported ? 'exported it' : 'looked at it'}
          <small>
            {formatTime(v.toMs).slice(0, 16)} · {plural(v.calls, 'call')} · {v.first.address}
          </small>
        </li>
      ))}
    </ul>
  );
}
