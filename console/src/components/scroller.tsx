/** What may be wider or higher than its place: it scrolls, and can be reached by keyboard to be scrolled. */
import type { ReactNode } from 'react';
import classes from './scroller.module.css';

export function Scroller({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <section className={classes['scroller']} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
