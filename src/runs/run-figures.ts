/** What is shown of a run in the same words and units wherever it is shown. */

/** Unix seconds; 0 for what has not happened. */
export function unixSeconds(moment: Date | null | undefined): number {
  return moment ? Math.floor(moment.getTime() / 1000) : 0;
}

/** The difference of the times as they are shown, so that clients who compute it get the same. */
export function durationSeconds(run: { started_at: Date | null; finished_at: Date | null }): number {
  if (run.started_at === null) return 0;
  const end = unixSeconds(run.finished_at ?? new Date());
  return Math.max(0, end - unixSeconds(run.started_at));
}

/** How many rows a run has, in words. */
export function resultMessage(run: { result_count: number }): string {
  return `${run.result_count} ${run.result_count === 1 ? 'result' : 'results'}`;
}
