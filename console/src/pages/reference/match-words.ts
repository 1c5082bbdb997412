import type { Operation } from '../../../../src/documentation/api-document.ts';

/** Whether an operation has all these words in its names and texts. */
export function matchesWords({ operationId, path, summary, description }: Operation, words: string): boolean {
  const text = `${operationId} ${path} ${summary} ${description}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
