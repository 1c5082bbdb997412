/** Rules about the statuses of runs, and how they end. */
import { isFinished, type RunStatus } from '../../../src/runs/statuses.ts';
import { grouped, succeeded, type Seen } from '../history.ts';
import type { Rule } from '../rule.ts';

/** Until its processes are killed after SIGTERM, and until a lost runner is noticed. */
const abortLimitMs = (2 + 60) * 1000;

/** How far a run has come. It may skip a status between two reads. */
const progress: Record<RunStatus, number> = { ready: 0, running: 1, aborting: 2, succeeded: 3, failed: 3 };

type StateRead = Seen<'read'> & { readonly state: NonNullable<Seen<'read'>['state']> };

function statesOf(reads: readonly Seen<'read'>[]): Map<string, StateRead[]> {
  const withState = reads.filter((read): read is StateRead => succeeded(read) && read.state !== undefined);
  return grouped(withState, ({ run }) => run);
}

/** Each read with a later one: the next that began after it had ended. */
function successive<T extends Seen<'read'> | Seen<'page'>>(reads: readonly T[]): [T, T][] {
  return reads.flatMap((read, index): [T, T][] => {
    const next = reads.slice(index + 1).find(({ beganMs }) => beganMs > read.endedMs);
    return next === undefined ? [] : [[read, next]];
  });
}

export const statusGoesForward: Rule = {
  name: 'a status only goes forward',
  page: 'run-lifecycle.md',
  sentence: 'There are no other statuses.',
  broken: (history) =>
    [...statesOf(history.of('read')).values()].flatMap((reads) =>
      successive(reads)
        .filter(([earlier, later]) => progress[later.state.status] < progress[earlier.state.status])
        .map(
          ([earlier, later]) =>
            `the run ${earlier.run} was ${earlier.state.status} and then ${later.state.status}`,
        ),
    ),
};

export const endedRunStays: Rule = {
  name: 'an ended run never changes',
  page: 'run-lifecycle.md',
  sentence: '| `succeeded` | every subtask has ended, and at least one succeeded | final |',
  broken: (history) =>
    [...statesOf(history.of('read')).values()].flatMap((reads) =>
      successive(reads)
        .filter(([earlier]) => isFinished(earlier.state.status))
        .map(([earlier, later]) => ({
          run: earlier.run,
          states: [earlier, later].map(({ state }) => JSON.stringify(state)),
        }))
        .filter(({ states: [earlier, later] }) => earlier !== later)
        .map(({ run, states }) => `the run ${run} had ended with ${states.join(' and then ')}`),
    ),
};

export const resultsOnlyGrow: Rule = {
  name: 'the number of rows never falls',
  page: 'run-lifecycle.md',
  sentence: 'Stored rows are kept however the run ends.',
  broken: (history) =>
    [...statesOf(history.of('read')).values()].flatMap((reads) =>
      successive(reads)
        .filter(([earlier, later]) => later.state.results < earlier.state.results)
        .map(
          ([earlier, later]) =>
            `the run ${earlier.run} had ${earlier.state.results} rows and then ${later.state.results}`,
        ),
    ),
};

export const pageKeepsRows: Rule = {
  name: 'a page never loses a row that was seen',
  page: 'run-lifecycle.md',
  sentence: 'Stored rows are kept however the run ends.',
  broken: (history) => {
    const pages = history.of('page').filter((page) => succeeded(page));
    return [...grouped(pages, ({ run, page }) => `${run} ${page}`).values()].flatMap((reads) =>
      successive(reads).flatMap(([{ run, page, rows = [] }, { rows: laterRows = [] }]) => {
        const lost = rows.findIndex((row, place) => laterRows[place] !== row);
        if (lost === -1) return [];
        return [
          `page ${page} of the run ${run} had ${rows[lost]} at place ${lost}, and then ${laterRows[lost] ?? 'nothing'}`,
        ];
      }),
    );
  },
};

export const upsertsMerge: Rule = {
  name: 'rows with the same upsert key are one row',
  page: 'sdk.md',
  sentence: 'overwrites the row of this run with the same value in that column, or adds the row',
  broken: (history) =>
    history.of('page').flatMap(({ run, rows = [] }) => {
      const twice = rows.find((row, place) => rows.indexOf(row) < place);
      return twice === undefined ? [] : [`a page of the run ${run} had ${twice} twice`];
    }),
};

export const abortEnds: Rule = {
  name: 'an abort ends the run within its time',
  page: 'run-lifecycle.md',
  sentence:
    '`POST /worker-runs/{runId}/abort` sends SIGTERM to its processes, and SIGKILL two seconds later.',
  broken: (history) => {
    const states = statesOf(history.of('read'));
    return history
      .of('abort')
      .filter((abort) => succeeded(abort))
      .flatMap((abort) => {
        const limitMs = abort.endedMs + abortLimitMs;
        const late = states
          .get(abort.run)
          ?.find(({ beganMs, state }) => beganMs > limitMs && !isFinished(state.status));
        if (late === undefined) return [];
        const seconds = Math.round((late.beganMs - abort.endedMs) / 1000);
        return [`the run ${abort.run} was still ${late.state.status} ${seconds} s after it was aborted`];
      });
  },
};

export const acknowledgedIsVisible: Rule = {
  name: 'acknowledged rows are visible',
  page: 'run-lifecycle.md',
  sentence: 'An acknowledged row survives any crash.',
  broken: (history) => {
    const acknowledged = grouped(history.of('acknowledged'), ({ run }) => run);
    return Array.from(statesOf(history.of('read')), ([run, reads]) =>
      reads.flatMap(({ beganMs, state }) => {
        const before = acknowledged.get(run)?.findLast(({ endedMs }) => endedMs < beganMs);
        if (before === undefined || state.results >= before.rows) return [];
        return [`the run ${run} showed ${state.results} rows after ${before.rows} had been acknowledged`];
      }),
    ).flat();
  },
};
