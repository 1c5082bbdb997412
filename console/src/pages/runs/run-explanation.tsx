/** Why a run waits or failed, with the next step. */
import { Button, Code, Group, Paper, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconClock, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { lastLinesQuery, type LogFilter } from '../../api/run-log.ts';
import { waitingQuery } from '../../api/run-parts.ts';
import { stateOf } from '../../api/run-states.ts';
import { isFinished, type Run, type RunTab } from '../../api/runs.ts';
import { adviceTexts, headlineText, wordsToFind } from '../../components/ends.ts';
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

/** Why a run waits, in words. */
function WaitingText({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  const { data } = useQuery(waitingQuery(run.slug));
  if (data === undefined) return null;
  const { reason, ahead, slots, slots_in_use: used } = data;
  const number = (value: number): string => formatCount(value, language);
  return (
    <output>
      {reason === 'no_free_slot' && `${texts.slotsInUse(number(used), number(slots))} `}
      {ahead > 0 && `${texts.ahead(ahead, number(ahead))} `}
      {texts.waiting[reason]}
    </output>
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

/** Color and title of the line, by the state of the run. */
const looks = {
  ready: { color: 'gray', title: 'waitingTitle', Icon: IconClock },
  running: { color: 'blue', title: 'runningTitle', Icon: IconPlayerPlay },
  aborting: { color: 'orange', title: 'abortingTitle', Icon: IconPlayerStop },
  succeeded: { color: 'teal', title: 'succeededTitle', Icon: IconCheck },
  aborted: { color: 'gray', title: 'abortedTitle', Icon: IconPlayerStop },
  partly_failed: { color: 'orange', title: 'partlyFailedTitle', Icon: IconAlertTriangle },
  failed: { color: 'red', title: 'failedTitle', Icon: IconAlertTriangle },
} as const;

/** What is known about the failure, and what to do. */
function Details({ run, onShow }: RunExplanationProps): ReactNode {
  const texts = useTexts();
  const { language } = useLanguage();
  const { error_headline: headline, end_detail: detail } = run;
  return (
    <Paper withBorder px="md" py="sm">
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
        {detail.failed_subtasks !== undefined && (
          <Group gap="xs">
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => onShow('subtasks', { status: 'failed' })}
            >
              {texts.run.toFailed}
            </Button>
          </Group>
        )}
      </Stack>
    </Paper>
  );
}

/**
 * A line that every run has in each of its states, so that nothing below it moves when the state changes. The details of
 * a failure open at once only if the page was opened after the run had ended.
 */
export function RunExplanation({ run, onShow }: RunExplanationProps): ReactNode {
  const texts = useTexts();
  const { language } = useLanguage();
  const state = stateOf(run);
  const [isOpen, setOpen] = useState(isFinished(run.status));
  const { color, title, Icon } = looks[state];
  const hasFailed = state === 'failed' || state === 'partly_failed' || state === 'aborted';
  const { error_headline: headline } = run;
  return (
    <>
      <Paper withBorder px={{ base: 'xs', sm: 'md' }} className={classes['line']}>
        <Icon size={18} color={`var(--mantine-color-${color}-6)`} className={classes['icon']} aria-hidden />
        <Text
          size="sm"
          truncate
          flex={1}
          title={hasFailed ? headlineText(run, { texts, language }) : undefined}
        >
          <Text span inherit fw={600}>
            {texts.run[title]}
          </Text>{' '}
          {state === 'ready' && <WaitingText run={run} />}
          {(state === 'failed' || state === 'partly_failed') && (
            <span className={classes['reason']}>{headlineText(run, { texts, language })}</span>
          )}
        </Text>
        {hasFailed && (
          <>
            <Button
              size="compact-sm"
              variant="default"
              className={classes['button']}
              onClick={() => onShow('log', headline === '' ? {} : { find: wordsToFind(headline) })}
            >
              {headline === '' ? texts.run.toErrors : texts.run.toErrorLine}
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              className={classes['button']}
              aria-expanded={isOpen}
              onClick={() => setOpen(!isOpen)}
            >
              {texts.run.details}
            </Button>
          </>
        )}
      </Paper>
      {hasFailed && isOpen && <Details run={run} onShow={onShow} />}
    </>
  );
}
