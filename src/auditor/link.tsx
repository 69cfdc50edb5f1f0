/** A link inside the page: a real anchor, so that it can be opened in a new tab, copied and read out. */
import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import type { Place } from './place.ts';
import { goTo, urlOf } from './place.ts';

export const isPlainClick = (e: MouseEvent): boolean => e.button === 0 && !e.ctrlKey && !e.metaKey && !e.shiftKey && !e.altKey;

export function Link({ to, ...rest }: { to: Place } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href' | 'onClick'>) {
  return (
    <a
      {...rest}
      href={urlOf(to)}
      onClick={(e) => {
        if (!isPlainClick(e)) return;
        e.preventDefault();
        goTo(to);
      }}
    />
  );
}
