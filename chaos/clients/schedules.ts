/** Saved tasks with schedules whose ticks come due during the campaign: one tick for each. */
import type { Cluster } from '../cluster/cluster.ts';

export interface ScheduledTick {
  readonly task: string;
  /** Unix seconds. */
  readonly at: number;
}

const minuteSeconds = 60;
/** Enough to save a task before its tick comes due. */
const leadSeconds = 8;

/** Whole minutes that come due within the time. @returns Unix seconds */
export function minutesWithin(nowSeconds: number, lengthSeconds: number): number[] {
  const first = Math.ceil((nowSeconds + leadSeconds) / minuteSeconds) * minuteSeconds;
  const count = Math.max(0, Math.floor((nowSeconds + lengthSeconds - first) / minuteSeconds) + 1);
  return Array.from({ length: count }, (_, minute) => first + minute * minuteSeconds);
}

/** Saves a task for each minute that comes due within the time. */
export async function saveSchedules(
  cluster: Cluster,
  worker: string,
  lengthSeconds: number,
): Promise<ScheduledTick[]> {
  return Promise.all(
    minutesWithin(Date.now() / 1000, lengthSeconds).map(async (at) => {
      const [date = '', time = ''] = new Date(at * 1000).toISOString().split('T');
      const { slug } = await cluster.call<{ slug: string }>('/worker-tasks', {
        worker_id: worker,
        title: `Tick at ${time}`,
        input: { parameters: { custom: { parts: ['tick'], rows: 5, upserts: 0, lines: 2, pause_ms: 20 } } },
        schedule_enabled: 1,
        schedule_type: 4,
        schedule_once_date: date,
        schedule_time: time.slice(0, 5),
        schedule_timezone: 'UTC',
      });
      return { task: slug, at };
    }),
  );
}
