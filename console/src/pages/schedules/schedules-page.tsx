/** A week of scheduled times, day by day in the reader's zone, with overlapping ones marked. */
import { ActionIcon, Alert, Badge, Group, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { scheduleTicksQuery, type ScheduleTick } from '../../api/schedule-ticks.ts';
import { readersTimezone } from '../../api/statistics.ts';
import { useNow } from '../../components/charts/use-now.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatCount } from '../../components/figures.ts';
import { ButtonLink } from '../../components/links.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { TickCard } from './tick-card.tsx';
import classes from './schedules.module.css';

const route = getRouteApi('/frame/signed-in/schedules');
const maxTicks = 2000;
/** How many weeks ahead can be shown. */
const lastWeek = 7;

/** Midnight a number of days after a date. */
function dayAfter(day: Date, days: number): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

interface DayProps {
  readonly day: Date;
  readonly isToday: boolean;
  readonly ticks: readonly ScheduleTick[];
}

function Day({ day, isToday, ticks }: DayProps): ReactNode {
  const { schedules: texts } = useTexts();
  const { language } = useLanguage();
  const name = new Intl.DateTimeFormat(language, { weekday: 'short', day: 'numeric', month: 'short' }).format(
    day,
  );
  return (
    <section className={classes['day']} aria-label={name}>
      <Group justify="space-between" gap={4} mb="xs">
        <Title order={2} size="h6" c={isToday ? 'var(--mantine-primary-color-light-color)' : undefined}>
          {name}
        </Title>
        {isToday && (
          <Badge size="xs" variant="light">
            {texts.today}
          </Badge>
        )}
      </Group>
      {ticks.length === 0 ? (
        <Text size="xs" c="dimmed">
          {texts.none}
        </Text>
      ) : (
        <Stack gap={6} component="ol" className={classes['ticks']}>
          {ticks.map((tick) => (
            <TickCard key={`${tick.at} ${tick.task_slug}`} tick={tick} />
          ))}
        </Stack>
      )}
    </section>
  );
}

function Summary({ ticks }: { readonly ticks: readonly ScheduleTick[] }): ReactNode {
  const { schedules: texts } = useTexts();
  const minutes = new Set(ticks.filter(({ clashes }) => clashes > 0).map(({ at }) => at)).size;
  return (
    <Text size="sm" c="dimmed" aria-live="polite">
      {minutes === 0 ? texts.noClashes : texts.clashes(minutes)}
    </Text>
  );
}

function Week({
  ticks,
  first,
  now,
}: {
  readonly ticks: readonly ScheduleTick[];
  readonly first: Date;
  readonly now: Date;
}): ReactNode {
  const days = Array.from({ length: 7 }, (_, index) => dayAfter(first, index));
  return (
    <div className={classes['week']}>
      {days.map((day, index) => (
        <Day
          key={day.getTime()}
          day={day}
          isToday={day.getTime() === dayAfter(now, 0).getTime()}
          ticks={ticks.filter(
            ({ at }) => at >= seconds(day) && at < seconds(days[index + 1] ?? dayAfter(day, 1)),
          )}
        />
      ))}
    </div>
  );
}

export function SchedulesPage(): ReactNode {
  const { schedules: texts } = useTexts();
  const { language } = useLanguage();
  const { week = 0 } = route.useSearch();
  const navigate = route.useNavigate();
  const now = useNow();
  const first = dayAfter(now, week * 7);
  const last = dayAfter(first, 6);
  const { data, error, refetch } = useQuery(
    scheduleTicksQuery(maxTicks, seconds(first), seconds(dayAfter(first, 7))),
  );
  const format = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' });
  const show = (next: number): void => void navigate({ search: next === 0 ? {} : { week: next } });
  return (
    <div>
      <PageHeader
        title={texts.title}
        description={texts.text(readersTimezone)}
        actions={
          <>
            <ActionIcon
              variant="default"
              size="lg"
              aria-label={texts.previous}
              disabled={week === 0}
              onClick={() => show(week - 1)}
            >
              <IconChevronLeft size={18} />
            </ActionIcon>
            <Text size="sm" fw={500} aria-live="polite">
              {texts.week(format.format(first), format.format(last))}
            </Text>
            <ActionIcon
              variant="default"
              size="lg"
              aria-label={texts.next}
              disabled={week >= lastWeek}
              onClick={() => show(week + 1)}
            >
              <IconChevronRight size={18} />
            </ActionIcon>
          </>
        }
      />
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton h={360} />}
      {data !== undefined && (
        <Stack>
          {data.count > data.list.length && (
            <Alert color="yellow" variant="light">
              {texts.truncated(formatCount(data.list.length, language), formatCount(data.count, language))}
            </Alert>
          )}
          {data.count === 0 ? (
            <Paper withBorder>
              <EmptyState
                title={week === 0 ? texts.emptyTitle : texts.emptyWeek}
                action={<ButtonLink to="/tasks">{texts.toTasks}</ButtonLink>}
              >
                {week === 0 && texts.emptyText}
              </EmptyState>
            </Paper>
          ) : (
            <>
              <Summary ticks={data.list} />
              <Week ticks={data.list} first={first} now={now} />
            </>
          )}
        </Stack>
      )}
    </div>
  );
}
