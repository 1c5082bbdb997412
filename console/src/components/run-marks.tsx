/** The pin and the labels of a run. A label leads to the runs that have it. */
import { Badge, Group } from '@mantine/core';
import { IconPin } from '@tabler/icons-react';
import { createLink } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Run } from '../api/runs.ts';
import { useTexts } from '../texts/texts.tsx';
import classes from './run-marks.module.css';

const BadgeLink = createLink(Badge<'a'>);

export function RunMarks({ run }: { readonly run: Pick<Run, 'pinned' | 'labels'> }): ReactNode {
  const { runCare: texts } = useTexts();
  if (!run.pinned && run.labels.length === 0) return null;
  return (
    <Group gap={4} mt={2}>
      {run.pinned && (
        <Badge
          variant="default"
          size="sm"
          tt="none"
          leftSection={<IconPin size={12} aria-hidden />}
          title={texts.pinnedHint}
        >
          {texts.pinned}
        </Badge>
      )}
      {run.labels.map((label) => (
        <BadgeLink
          key={label}
          component="a"
          className={classes['label']}
          to="/runs"
          search={{ label }}
          variant="light"
          color="gray"
          size="sm"
          tt="none"
          title={texts.withLabel(label)}
        >
          {label}
        </BadgeLink>
      ))}
    </Group>
  );
}
