/** One scheduled time: when, what, and what it overlaps with. */
import { Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { ScheduleTick } from '../../api/schedule-ticks.ts';
import { readersTimezone } from '../../api/statistics.ts';
import { AnchorLink } from '../../components/links.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import classes from './schedules.module.css';

function stateOf({ clashes, exceeds_plan: exceeds }: ScheduleTick): 'exceeds' | 'clash' | undefined {
  if (exceeds) return 'exceeds';
  return clashes > 0 ? 'clash' : undefined;
}

export function TickCard({ tick }: { readonly tick: ScheduleTick }): ReactNode {
  const { schedules: texts, overview } = useTexts();
  const { language } = useLanguage();
  const moment = new Date(tick.at * 1000);
  const time = new Intl.DateTimeFormat(language, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(moment);
  const state = stateOf(tick);
  return (
    <li className={classes['tick']} data-state={state}>
      <Text size="sm" fw={600} component="time" dateTime={moment.toISOString()}>
        {time}
      </Text>
      <AnchorLink
        to="/tasks/$taskId"
        params={{ taskId: tick.task_slug }}
        size="sm"
        display="block"
        className={classes['name']}
      >
        {tick.task_title}
      </AnchorLink>
      <Text size="xs" c="dimmed" className={classes['name']}>
        {tick.worker_title || overview.deletedWorker}
      </Text>
      {tick.timezone !== readersTimezone && (
        <Text size="xs" c="dimmed">
          {texts.zoned(tick.schedule_time, tick.timezone)}
        </Text>
      )}
      {state !== undefined && (
        <Text size="xs" fw={500} className={classes['warning']}>
          <IconAlertTriangle size={13} aria-hidden />{' '}
          {state === 'exceeds' ? texts.exceeds : texts.clash(tick.clashes)}
        </Text>
      )}
    </li>
  );
}
