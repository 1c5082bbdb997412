/** A worker as a card. An own worker also shows its last run. */
import { Badge, Card, Group, Text, Title, VisuallyHidden } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { lastRunQuery, type Worker } from '../../api/workers.ts';
import { AnchorLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { categoryName } from './categories.ts';
import classes from './worker-list.module.css';
import { WorkerIcon } from './worker-icon.tsx';

function LastRun({ workerId }: { readonly workerId: string }): ReactNode {
  const { workers: texts } = useTexts();
  const { data: run } = useQuery(lastRunQuery(workerId));
  if (run === undefined) return null;
  if (run === null) {
    return (
      <Text size="xs" c="dimmed">
        {texts.neverRan}
      </Text>
    );
  }
  return (
    <AnchorLink
      to="/runs/$runId"
      params={{ runId: run.slug }}
      className={classes['above']}
      underline="never"
      size="xs"
    >
      <VisuallyHidden>{texts.lastRun}: </VisuallyHidden>
      <Group gap={6}>
        <StatusBadge run={run} />
        {run.started_at > 0 && <Moment seconds={run.started_at} />}
      </Group>
    </AnchorLink>
  );
}

export function WorkerCard({
  worker,
  isOwn,
}: {
  readonly worker: Worker;
  readonly isOwn: boolean;
}): ReactNode {
  const { workers: texts } = useTexts();
  const category = categoryName(worker.categories, texts);
  return (
    <Card withBorder padding="md" className={classes['card']}>
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <WorkerIcon url={worker.icon_url} title={worker.title} size={40} />
        <div className={classes['words']}>
          <Title order={2} size="h5" lineClamp={2}>
            <Link to="/workers/$workerId" params={{ workerId: worker.path }} className={classes['link']}>
              {worker.title}
            </Link>
          </Title>
          <Text size="xs" c="dimmed" truncate>
            {texts.by(worker.username)} · {worker.name}
          </Text>
        </div>
      </Group>
      <Text size="sm" lineClamp={3} mt="xs" c={worker.description === '' ? 'dimmed' : undefined}>
        {worker.description === '' ? texts.noDescription : worker.description}
      </Text>
      <Group gap={6} mt="auto" pt="sm" justify="space-between">
        <Group gap={6}>
          {category !== '' && (
            <Badge variant="light" color="gray" radius="sm" tt="none">
              {category}
            </Badge>
          )}
          {isOwn && (
            <Badge variant="light" color={worker.is_public ? 'teal' : 'gray'} radius="sm" tt="none">
              {worker.is_public ? texts.isPublic : texts.isPrivate}
            </Badge>
          )}
          <Text size="xs" c="dimmed">
            {worker.version}
          </Text>
        </Group>
        {isOwn && <LastRun workerId={worker.path} />}
      </Group>
    </Card>
  );
}
