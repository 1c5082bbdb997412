/** The contract of a rule: a promise of the documents, and how a history breaks it. */
import type { History } from './history.ts';

export interface Rule {
  readonly name: string;
  /** The page of `docs/` that promises it, and the sentence. */
  readonly page: string;
  readonly sentence: string;
  /** @returns a sentence for each time the history breaks the rule */
  readonly broken: (history: History) => string[];
}
