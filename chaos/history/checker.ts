/** Checks a history against every rule. */
import type { History } from './history.ts';
import type { Rule } from './rule.ts';
import { errorsAreEnveloped } from './rules/answers.ts';
import {
  abortEnds,
  acknowledgedIsVisible,
  endedRunStays,
  pageKeepsRows,
  resultsOnlyGrow,
  statusGoesForward,
  upsertsMerge,
} from './rules/runs.ts';
import { lastIsTheNewest, oneRunPerKey, startedRunIsFound } from './rules/starts.ts';

export const rules: readonly Rule[] = [
  oneRunPerKey,
  startedRunIsFound,
  lastIsTheNewest,
  statusGoesForward,
  endedRunStays,
  resultsOnlyGrow,
  pageKeepsRows,
  upsertsMerge,
  abortEnds,
  acknowledgedIsVisible,
  errorsAreEnveloped,
];

export interface BrokenRule {
  readonly rule: Rule;
  /** One sentence for each time. */
  readonly times: readonly string[];
}

export function brokenRules(history: History): BrokenRule[] {
  return rules.map((rule) => ({ rule, times: rule.broken(history) })).filter(({ times }) => times.length > 0);
}
