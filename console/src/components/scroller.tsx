/** What may be wider or higher than its place: it scrolls, and can be reached by keyboard to be scrolled. */
import type { ReactNode } from 'react';
import classes from './scroller.module.css';

interface ScrollerProps {
  /** Names the region for screen readers. */
  readonly label: string;
  /** As high as its content: the page scrolls, as it does for lists that have pages. */
  readonly isFullHeight?: boolean;
  readonly children: ReactNode;
}

export function Scroller({ label, isFullHeight = false, children }: ScrollerProps): ReactNode {
  return (
    <section
      className={classes['scroller']}
      data-full={isFullHeight || undefined}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={label}
    >
      {children}
    </section>
  );
}
