/** What has not come to an end although everything works again. */
import type { Cluster } from '../cluster/cluster.ts';
import type { Finding } from './finding.ts';

interface Unfinished {
  readonly what: string;
}

async function unfinished({ postgres }: Cluster): Promise<Unfinished[]> {
  return postgres.query<Unfinished>(
    `SELECT 'the run ' || slug || ' is ' || status AS what FROM run WHERE status NOT IN ('succeeded', 'failed')
     UNION ALL
     SELECT 'subtask ' || subtask.number || ' of the run ' || slug || ' is ' || subtask.status
     FROM subtask JOIN run ON run.id = run_id
     WHERE subtask.status NOT IN ('succeeded', 'failed') AND run.status IN ('succeeded', 'failed')
     UNION ALL
     SELECT 'callback ' || number || ' of the run ' || slug || ' waits'
     FROM callback JOIN run ON run.id = run_id WHERE state = 'pending'
     UNION ALL
     SELECT 'the schedule of the task ' || slug || ' has not fired for ' || next_tick_at
     FROM task WHERE schedule_enabled AND next_tick_at <= now()`,
  );
}

const pollMilliseconds = 250;

/** Waits until nothing is unfinished. @returns what still is when the time is up */
export async function checkStuck(cluster: Cluster, limitMs: number): Promise<Finding[]> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const left = await unfinished(cluster);
    if (left.length === 0) return [];
    if (performance.now() > deadline) return left.map(({ what }) => ({ kind: 'stuck', sentence: what }));
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
}
