/** A container for wide or high content. It scrolls, and can be focused to scroll by keyboard. */
import type { ReactNode } from 'react';
import classes from './scroller.module.css';

interface ScrollerProps {
  /** Names the region for screen readers. */
  readonly label: string;
  /** As high as its content, so that the page scrolls. Used for lists with pages. */
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
