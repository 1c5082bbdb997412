/** Why a run waits or failed, in words, with the next step. */
import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconClock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { lastLinesQuery, type LogFilter } from '../../api/run-log.ts';
import { waitingQuery, type SubtaskStatus } from '../../api/run-parts.ts';
import type { Run, RunTab } from '../../api/runs.ts';
import { formatCount } from '../../components/figures.ts';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { failureOf, type Failure } from './failure.ts';
import classes from './run-explanation.module.css';

const errorLines: LogFilter = { levels: [4], subtask: undefined, words: '' };
const shownErrorLines = 8;
const shownCharacters = 500;

/** Failures whose reason is in what was logged last. */
const isInLog: Partial<Record<Failure, boolean>> = {
  exit: true,
  dependencies: true,
  preparation: true,
  other: true,
};

function Waiting({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  const { data } = useQuery(waitingQuery(run.slug));
  if (data === undefined) return null;
  const { reason, ahead, slots, slots_in_use: used } = data;
  const number = (value: number): string => formatCount(value, language);
  return (
    <Alert
      variant="default"
      icon={<IconClock />}
      color={reason === 'no_runner' ? 'orange' : 'gray'}
      title={texts.waitingTitle}
    >
      <Text size="sm" component="output">
        {reason === 'no_free_slot' && `${texts.slotsInUse(number(used), number(slots))} `}
        {ahead > 0 && `${texts.ahead(ahead, number(ahead))} `}
        {texts.waiting[reason]}
      </Text>
    </Alert>
  );
}

/** What was logged last as an error. */
function LastErrors({ slug }: { readonly slug: string }): ReactNode {
  const { run: texts } = useTexts();
  const { data } = useQuery(lastLinesQuery(slug, errorLines, shownErrorLines));
  if (data === undefined || data.list.length === 0) return null;
  return (
    <Code block className={classes['errors']} aria-label={texts.lastErrors}>
      {data.list.map(({ content }) => content.slice(0, shownCharacters)).join('\n')}
    </Code>
  );
}

interface RunExplanationProps {
  readonly run: Run;
  /** @param status of the subtasks to show */
  readonly onTab: (tab: RunTab, status?: SubtaskStatus) => void;
}

function Failed({ run, onTab }: RunExplanationProps): ReactNode {
  const { run: texts } = useTexts();
  const isFailed = run.status === 'failed';
  const failure = failureOf(run.err_msg);
  const isAborted = isFailed && failure === 'aborted';
  const color = isAborted ? 'gray' : isFailed ? 'red' : 'orange';
  const title = isAborted ? texts.abortedTitle : isFailed ? texts.failedTitle : texts.partlyFailedTitle;
  return (
    <Alert
      variant="default"
      icon={<IconAlertTriangle color={`var(--mantine-color-${color}-6)`} />}
      title={title}
    >
      <Stack gap="xs">
        <Text size="sm" className={classes['message']}>
          {run.err_msg}
        </Text>
        <Text size="sm">{texts.nextStep[failure]}</Text>
        {isInLog[failure] && <LastErrors slug={run.slug} />}
        <Group gap="xs">
          <Button size="compact-sm" variant="default" onClick={() => onTab('log')}>
            {texts.toErrors}
          </Button>
          {/subtasks failed:/.test(run.err_msg) && (
            <Button size="compact-sm" variant="default" onClick={() => onTab('subtasks', 'failed')}>
              {texts.toFailed}
            </Button>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

export function RunExplanation({ run, onTab }: RunExplanationProps): ReactNode {
  if (run.status === 'ready') return <Waiting run={run} />;
  return run.err_msg === '' ? null : <Failed run={run} onTab={onTab} />;
}
