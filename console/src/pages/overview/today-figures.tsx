/** Today's state in six figures. */
import { SimpleGrid } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { activityQuery, runSeriesQuery, type Activity } from '../../api/statistics.ts';
import { formatAmount, formatShare } from '../../components/amounts.ts';
import { rangeOf, today, type OverviewRange } from '../../components/charts/time-range.ts';
import { useNow } from '../../components/charts/use-now.ts';
import { FigureCard } from '../../components/figure-card.tsx';
import { formatBytes, formatCount } from '../../components/figures.ts';
import { AnchorLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

function WaitingNote({ activity }: { readonly activity: Activity }): ReactNode {
  const { overview: texts } = useTexts();
  const { language } = useLanguage();
  const { waiting_subtasks: subtasks, oldest_waiting_since: since, held_runs: held, slots } = activity;
  const heldLink = held > 0 && (
    <AnchorLink to="/queue" size="xs">
      {texts.held(formatCount(held, language))}
    </AnchorLink>
  );
  if (subtasks === 0) return heldLink || texts.waitingNone;
  if (slots === 0) return texts.noRunner;
  return (
    <>
      {texts.waitingNote(subtasks, formatCount(subtasks, language))}, {texts.waitingSince}{' '}
      <Moment seconds={since} />
    </>
  );
}

export function TodayFigures({ range }: { readonly range: OverviewRange }): ReactNode {
  const { overview: texts } = useTexts();
  const { language } = useLanguage();
  const now = useNow();
  const { data: activity } = useQuery(activityQuery);
  const { data: day } = useQuery(runSeriesQuery(today(now)));
  const { data: wide } = useQuery(runSeriesQuery(rangeOf(range, now)));
  const count = (value: number | undefined): string =>
    value === undefined ? '…' : formatCount(value, language);
  const limit = activity?.concurrent_runs ?? 0;
  const cost = day?.totals.usage ?? '0';
  return (
    <SimpleGrid cols={{ base: 2, md: 3, lg: 6 }}>
      <FigureCard
        label={texts.running}
        value={count(activity?.running)}
        note={
          limit > 0
            ? texts.runningOf(count(limit))
            : texts.subtasks(activity?.running_subtasks ?? 0, count(activity?.running_subtasks))
        }
      />
      <FigureCard
        label={texts.waiting}
        value={count(activity?.ready)}
        note={activity !== undefined && <WaitingNote activity={activity} />}
      />
      <FigureCard
        label={texts.endedToday}
        value={count(day?.totals.runs)}
        note={texts.endedNote(
          count(day?.totals.succeeded),
          count(day?.totals.failed),
          count(day?.totals.aborted),
        )}
      />
      <FigureCard
        label={texts.successRate}
        value={wide === undefined ? '…' : formatShare(wide.totals.success_rate, language)}
        note={texts.successNote(texts.ranges[range])}
      />
      <FigureCard label={texts.rowsToday} value={count(day?.totals.results)} />
      <FigureCard
        label={texts.trafficToday}
        value={day === undefined ? '…' : formatBytes(day.totals.traffic, language)}
        note={Number(cost) > 0 && texts.costToday(formatAmount(cost, language))}
      />
    </SimpleGrid>
  );
}
