/** Compares the runs of schedules with the calendar: each tick starts one run. */
import type { ScheduledTick } from '../clients/schedules.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Finding } from './finding.ts';

export interface FiredTick {
  readonly task: string;
  /** Unix seconds of the scheduled times of its runs. */
  readonly times: readonly number[];
}

export async function readFiredTicks({ postgres }: Cluster): Promise<FiredTick[]> {
  return postgres.query<FiredTick>(
    `SELECT task.slug AS task, array_agg(extract(epoch FROM run.scheduled_for)::int) AS times
     FROM run JOIN task ON task.id = run.task_id WHERE origin = 'schedule' GROUP BY task.slug`,
  );
}

export function checkTicks(expected: readonly ScheduledTick[], fired: readonly FiredTick[]): Finding[] {
  const timesByTask = new Map(fired.map(({ task, times }) => [task, times]));
  return expected.flatMap(({ task, at }): Finding[] => {
    const times = timesByTask.get(task) ?? [];
    const time = new Date(at * 1000).toISOString();
    if (times.length === 0) return [{ kind: 'lost', sentence: `the tick of ${time} started no run` }];
    if (times.length > 1)
      return [{ kind: 'doubled', sentence: `the tick of ${time} started ${times.length} runs` }];
    if (times[0] !== at)
      return [{ kind: 'broken rules', sentence: `the tick of ${time} fired for ${times[0]}` }];
    return [];
  });
}
