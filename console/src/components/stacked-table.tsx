/** A table whose rows become blocks on narrow screens, one line for each cell. Cells name their column in `data-label`. */
import { Table } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './stacked-table.module.css';

interface StackedTableProps {
  /** Width below which it is scrolled, unless the screen is narrow. */
  readonly minWidth: number;
  readonly isHighlighted?: boolean;
  readonly children: ReactNode;
}

export function StackedTable({ minWidth, isHighlighted = false, children }: StackedTableProps): ReactNode {
  return (
    <Table
      verticalSpacing="xs"
      miw={{ base: 0, sm: minWidth }}
      highlightOnHover={isHighlighted}
      className={classes['table']}
    >
      {children}
    </Table>
  );
}
