/** A line above every page while a security event waits for somebody to look into it. */
import { IconAlertTriangle } from '@tabler/icons-react';
import { Link } from '../link.tsx';
import classes from './alarms.module.css';
import { countText, type OpenAlarms } from './open-alarms.ts';

export function AlarmBanner({ open }: { open: OpenAlarms }) {
  if (open.count === 0 || open.newest === undefined) return null;
  const { title } = open.newest;
  return (
    <div className={classes.banner} role="status">
      <IconAlertTriangle size={16} stroke={1.9} aria-hidden />
      <span>
        {open.count === 1 ? <b>{title}.</b> : <b>{countText(open.count)} security events wait for somebody to look into them.</b>} {open.count > 1 && `The newest: ${title.charAt(0).toLowerCase()}${title.slice(1)}.`}
      </span>
      <Link to={{ page: 'alarms' }}>Show</Link>
    </div>
  );
}
