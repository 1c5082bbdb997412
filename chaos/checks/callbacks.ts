/** Compares the callbacks that arrived with the changes of status of the runs. */
import type { ReceivedCallback } from '../clients/receiver.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Finding } from './finding.ts';

export interface ExpectedCallback {
  readonly run: string;
  readonly number: number;
  readonly status: string;
}

/** Every change of a run with a callback URL; the last one is the final status, which the run itself has too. */
export async function readExpectedCallbacks({ postgres }: Cluster): Promise<ExpectedCallback[]> {
  return postgres.query<ExpectedCallback>(
    `SELECT run.slug AS run, callback.number, callback.run_status AS status
     FROM callback JOIN run ON run.id = callback.run_id
     UNION
     SELECT slug, 1 + (SELECT count(*) FROM callback WHERE run_id = run.id)::int, status
     FROM run WHERE callback_url IS NOT NULL
       AND NOT EXISTS (SELECT FROM callback WHERE run_id = run.id AND run_status = run.status)
     ORDER BY run, number`,
  );
}

/** @param received in the order of their arrival */
export function checkCallbacks(
  expected: readonly ExpectedCallback[],
  received: readonly ReceivedCallback[],
): Finding[] {
  const arrived = Map.groupBy(received, ({ run }) => run);
  const lost = expected
    .filter(
      ({ run, number, status }) =>
        !arrived.get(run)?.some((one) => one.number === number && one.status === status),
    )
    .map(({ run, number, status }): Finding => ({
      kind: 'lost',
      sentence: `callback ${number} (${status}) of the run ${run} never arrived`,
    }));
  const unordered = Array.from(arrived, ([run, callbacks]) => ({
    run,
    numbers: callbacks.map(({ number }) => number),
  }))
    // A callback may arrive again, but never after a later one.
    .filter(({ numbers }) => numbers.some((number, place) => number < (numbers[place - 1] ?? 0)))
    .map(({ run, numbers }): Finding => ({
      kind: 'broken rules',
      sentence: `callbacks of the run ${run} arrived in the order ${numbers.join(', ')}`,
    }));
  return [...lost, ...unordered];
}
