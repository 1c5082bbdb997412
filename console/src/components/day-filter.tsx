/** A filter of a list by a day: the first one, or the last. */
import { Text, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './filters.module.css';

interface DayFilterProps {
  readonly label: string;
  /** Such as 2026-01-31. */
  readonly value: string | undefined;
  readonly onChange: (day: string | undefined) => void;
}

export function DayFilter({ label, value = '', onChange }: DayFilterProps): ReactNode {
  return (
    <TextInput
      type="date"
      aria-label={label}
      className={classes['filter']}
      leftSection={
        <Text size="xs" c="dimmed" aria-hidden>
          {label}
        </Text>
      }
      leftSectionWidth={48}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
    />
  );
}
