/** What a place says when it has nothing to show: what it is for, and the next step. */
import type { ReactNode } from 'react';
import classes from './empty-state.module.css';

export function EmptyState(props: { icon: ReactNode; title: string; children: ReactNode; action?: ReactNode; tone?: 'accent' | 'deny' | 'allow' }) {
  return (
    <div className={classes.root} role={props.tone === 'deny' ? 'alert' : undefined}>
      <div className={classes.icon} data-tone={props.tone ?? 'accent'}>
        {props.icon}
      </div>
      <h2 className={classes.title}>{props.title}</h2>
      <div className={classes.text}>{props.children}</div>
      {props.action !== undefined && <div className={classes.action}>{props.action}</div>}
    </div>
  );
}
