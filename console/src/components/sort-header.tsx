/** A column heading that sorts the list: first in the column's default direction, then reversed. */
import { Group, Table, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconArrowsSort } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './sort-header.module.css';

interface SortHeaderProps {
  /** Name of the column in the API. */
  readonly name: string;
  readonly label: string;
  /** Name of the column that sorts the list, with `-` in front for descending. */
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  readonly align?: 'left' | 'right';
  /** A text column sorts ascending first. */
  readonly isText?: boolean;
}

export function SortHeader(props: SortHeaderProps): ReactNode {
  const { name, label, sort, onSort, align = 'left', isText = false } = props;
  const isUp = sort === name;
  const isDown = sort === `-${name}`;
  const Icon = isUp ? IconArrowUp : isDown ? IconArrowDown : IconArrowsSort;
  const next = isDown || (isText && !isUp) ? name : `-${name}`;
  return (
    <Table.Th ta={align} aria-sort={isUp ? 'ascending' : isDown ? 'descending' : 'none'}>
      <UnstyledButton
        className={classes['button']}
        data-active={isUp || isDown || undefined}
        onClick={() => onSort(next)}
      >
        <Group gap={4} wrap="nowrap" justify={align === 'right' ? 'flex-end' : 'flex-start'}>
          {label}
          <Icon size={14} stroke={1.8} aria-hidden />
        </Group>
      </UnstyledButton>
    </Table.Th>
  );
}
