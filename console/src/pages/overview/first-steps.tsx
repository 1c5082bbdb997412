/** The first steps with Chela, each ticked once the account's data shows that it is done. */
import {
  Button,
  Group,
  Paper,
  SimpleGrid,
  Stack,
  Text,
  ThemeIcon,
  Title,
  VisuallyHidden,
} from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useDismissFirstSteps, type FirstSteps as Steps } from '../../api/first-steps.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { AnchorLink, ButtonLink } from '../../components/links.tsx';
import { useTexts } from '../../texts/texts.tsx';

/** Whether the steps are still to be shown. */
export function areOpen(steps: Steps): boolean {
  return !steps.is_dismissed && !(steps.has_run && steps.has_worker && steps.has_schedule);
}

interface StepProps {
  readonly number: number;
  readonly isDone: boolean;
  readonly title: string;
  readonly text: string;
  readonly action: ReactNode;
}

function Step({ number, isDone, title, text, action }: StepProps): ReactNode {
  const { overview: texts } = useTexts();
  return (
    <Group component="li" wrap="nowrap" align="flex-start" gap="sm">
      <ThemeIcon
        variant={isDone ? 'filled' : 'light'}
        color={isDone ? 'teal.8' : 'gray'}
        radius="xl"
        aria-hidden
      >
        {isDone ? <IconCheck size={16} /> : number}
      </ThemeIcon>
      <Stack gap="xs" align="flex-start">
        <Title order={3} size="h5">
          {title}
          <VisuallyHidden> ({isDone ? texts.stepDone : texts.stepOpen})</VisuallyHidden>
        </Title>
        <Text size="sm" c="dimmed">
          {text}
        </Text>
        {!isDone && action}
      </Stack>
    </Group>
  );
}

export function FirstSteps({ steps }: { readonly steps: Steps }): ReactNode {
  const { overview: texts, common } = useTexts();
  const dismiss = useDismissFirstSteps();
  const demo = steps.demo_worker;
  return (
    <Paper withBorder p="lg" mb="lg" component="section" aria-label={texts.stepsTitle}>
      <Group justify="space-between" mb="md">
        <Title order={2} size="h4">
          {texts.stepsTitle}
        </Title>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          loading={dismiss.isPending}
          onClick={() => dismiss.mutate()}
        >
          {texts.dismissSteps}
        </Button>
      </Group>
      {dismiss.error !== null && <ErrorNotice error={dismiss.error} />}
      <SimpleGrid component="ol" cols={{ base: 1, md: 3 }} p={0} m={0} style={{ listStyle: 'none' }}>
        <Step
          number={1}
          isDone={steps.has_run}
          title={texts.stepRun}
          text={texts.stepRunText}
          action={
            demo === '' ? (
              <ButtonLink to="/store" size="xs">
                {common.store}
              </ButtonLink>
            ) : (
              <ButtonLink to="/workers/$workerId" params={{ workerId: demo }} size="xs">
                {texts.stepRunAction}
              </ButtonLink>
            )
          }
        />
        <Step
          number={2}
          isDone={steps.has_worker}
          title={texts.stepWorker}
          text={texts.stepWorkerText}
          action={
            <ButtonLink to="/workers" size="xs" variant="light">
              {common.workers}
            </ButtonLink>
          }
        />
        <Step
          number={3}
          isDone={steps.has_schedule}
          title={texts.stepSchedule}
          text={texts.stepScheduleText}
          action={
            <ButtonLink to="/tasks" size="xs" variant="light">
              {common.tasks}
            </ButtonLink>
          }
        />
      </SimpleGrid>
      <Text size="sm" c="dimmed" mt="md">
        {texts.stepsApi}{' '}
        <AnchorLink to="/docs/api" size="sm" underline="always">
          {common.reference}
        </AnchorLink>
      </Text>
    </Paper>
  );
}
