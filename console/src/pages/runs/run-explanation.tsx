/** Why a run waits or failed, with the next step. */
import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconClock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { lastLinesQuery, type LogFilter } from '../../api/run-log.ts';
import { waitingQuery } from '../../api/run-parts.ts';
import { stateOf } from '../../api/run-states.ts';
import type { Run, RunTab } from '../../api/runs.ts';
import { adviceTexts, wordsToFind } from '../../components/ends.ts';
import { formatCount } from '../../components/figures.ts';
import type { RunPageSearch } from '../../search.ts';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import classes from './run-explanation.module.css';

/** Includes warnings, because output to standard error without a level is a warning. */
const errorLines: LogFilter = { levels: [3, 4], subtask: undefined, words: '' };
const shownErrorLines = 8;
const shownCharacters = 500;

/** Reasons that the last logged warnings and errors help to explain. */
const isInLog: Partial<Record<Run['end_reason'], boolean>> = {
  exit: true,
  signal: true,
  dependencies: true,
  preparation: true,
  internal: true,
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

/** The last warnings and errors in the log. */
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
  readonly onShow: (tab: RunTab, part?: Omit<RunPageSearch, 'tab'>) => void;
}

/** Color and icon of the card, by the state of the run. */
const looks = {
  aborted: { color: 'gray', title: 'abortedTitle' },
  partly_failed: { color: 'orange', title: 'partlyFailedTitle' },
  failed: { color: 'red', title: 'failedTitle' },
} as const;

interface FailedProps extends RunExplanationProps {
  readonly look: keyof typeof looks;
}

function Failed({ run, look, onShow }: FailedProps): ReactNode {
  const texts = useTexts();
  const { language } = useLanguage();
  const { color, title } = looks[look];
  const { error_headline: headline, end_detail: detail } = run;
  return (
    <Alert
      variant="default"
      icon={<IconAlertTriangle color={`var(--mantine-color-${color}-6)`} />}
      title={texts.run[title]}
    >
      <Stack gap="xs">
        {headline !== '' && (
          <Text size="sm" fw={600} ff="monospace" className={classes['message']}>
            {headline}
          </Text>
        )}
        <Text size="sm" className={classes['message']}>
          {run.err_msg}
        </Text>
        {adviceTexts(run, { texts, language }).map((sentence) => (
          <Text key={sentence} size="sm">
            {sentence}
          </Text>
        ))}
        {isInLog[detail.subtask_reason ?? run.end_reason] && <LastErrors slug={run.slug} />}
        <Group gap="xs">
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => onShow('log', headline === '' ? {} : { find: wordsToFind(headline) })}
          >
            {texts.run.toErrors}
          </Button>
          {detail.failed_subtasks !== undefined && (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => onShow('subtasks', { status: 'failed' })}
            >
              {texts.run.toFailed}
            </Button>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

export function RunExplanation({ run, onShow }: RunExplanationProps): ReactNode {
  const state = stateOf(run);
  switch (state) {
    case 'ready':
      return <Waiting run={run} />;
    case 'aborted':
    case 'partly_failed':
    case 'failed':
      return <Failed run={run} look={state} onShow={onShow} />;
    case 'running':
    case 'aborting':
    case 'succeeded':
      return null;
    default:
      return state satisfies never;
  }
}
