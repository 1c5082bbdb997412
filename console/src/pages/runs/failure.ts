/** What kind of failure the words of a run or subtask tell of, so that the page can name the next step. */

export type Failure =
  | 'time'
  | 'memory'
  | 'charge'
  | 'traffic'
  | 'disk'
  | 'dependencies'
  | 'preparation'
  | 'exit'
  | 'signal'
  | 'lost'
  | 'aborted'
  | 'other';

/** The first that fits; what the platform writes into err_msg. */
const signs: readonly (readonly [Failure, RegExp])[] = [
  ['aborted', /^run aborted by user/],
  ['time', /execute_limit_time_seconds/],
  ['memory', /memory limit/],
  ['charge', /max_total_charge/],
  ['traffic', /max_total_traffic/],
  ['disk', /disk limit/],
  ['preparation', /could not be executed/],
  ['lost', /runner (was stopped|died|was lost)|the runner/],
  ['exit', /ended with exit code/],
  ['signal', /ended with signal/],
];

export function failureOf(errMsg: string): Failure {
  const failure = signs.find(([, sign]) => sign.test(errMsg))?.[0] ?? 'other';
  return failure === 'preparation' && /dependenc|npm|pip|install/i.test(errMsg) ? 'dependencies' : failure;
}
