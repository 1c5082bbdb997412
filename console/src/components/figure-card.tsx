/** One figure with its name, its meaning and a link. */
import { Card, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './figure-card.module.css';

interface FigureCardProps {
  readonly label: string;
  readonly value: ReactNode;
  /** A short note below the figure. */
  readonly note?: ReactNode;
}

export function FigureCard({ label, value, note }: FigureCardProps): ReactNode {
  return (
    <Card withBorder padding="md">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text fz="clamp(1.2rem, 5vw, 1.5rem)" fw={650} lh={1.35} component="div" className={classes['value']}>
        {value}
      </Text>
      <Text size="xs" c="dimmed" mih={18} component="div">
        {note}
      </Text>
    </Card>
  );
}
