/** A row of tabs that scrolls when there are more than fit: by wheel, and by itself to the tab in front. */
import type { ReactNode, WheelEvent } from 'react';
import { useEffect, useRef } from 'react';
import classes from './workbench/workbench.module.css';

/** @param active id of the tab in front, which its element shows as `data-active` @param count of the tabs */
export function TabRow({ active, count, children }: { active: string | undefined; count: number; children: ReactNode }) {
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = row.current;
    if (element === null) return undefined;
    const show = (): void => element.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    show();
    // A window that becomes narrower leaves the tab in front outside.
    const observer = new ResizeObserver(show);
    observer.observe(element);
    return () => observer.disconnect();
  }, [active, count]);
  const onWheel = (event: WheelEvent<HTMLDivElement>) => {
    if (event.deltaX === 0) event.currentTarget.scrollLeft += event.deltaY;
  };
  return (
    <div ref={row} className={classes.tabRow} onWheel={onWheel}>
      {children}
    </div>
  );
}
