/** How the console explains why runs ended: every reason and limit, in both languages. */
import { describe, expect, test } from 'vitest';
import { failureReasons, runStateFilters, stateOf, stateQuery } from '../../console/src/api/run-states.ts';
import {
  adviceTexts,
  headlineText,
  reasonText,
  wordsToFind,
  type Ended,
} from '../../console/src/components/ends.ts';
import { en, type Texts } from '../../console/src/texts/en/en.ts';
import { zh } from '../../console/src/texts/zh/zh.ts';
import { runEndReasons } from '../../src/runs/end-reasons.ts';
import { limitFacts, limitNames } from '../../src/runs/named-limits.ts';

const languages: readonly (readonly [language: string, texts: Texts])[] = [
  ['en', en],
  ['zh', zh],
];

function ended(values: Partial<Ended>): Ended {
  return { end_reason: 'exit', end_detail: {}, error_headline: '', err_msg: '', ...values };
}

describe.each(languages)('in %s', (language, texts) => {
  const words = { texts, language };

  test.each(runEndReasons)('%s has a name and advice', (reason) => {
    expect(texts.ends.reasons[reason]).toMatch(/\S/);
    if (reason === 'succeeded') return;
    expect(reasonText(ended({ end_reason: reason }), words)).toMatch(/\S/);
    expect(adviceTexts(ended({ end_reason: reason }), words).join()).toMatch(/\S/);
  });

  test.each(limitNames)('the limit %s has a name, its value, and advice on how to raise it', (limit) => {
    const facts = limitFacts[limit];
    const end = ended({ end_reason: 'limit', end_detail: { limit, value: 7, ...facts } });
    expect(reasonText(end, words)).toMatch(/7/);
    const [advice] = adviceTexts(end, words);
    expect(advice).toMatch(/\S/);
    expect(advice).toContain(facts.set_by === 'operator' ? facts.setting : '');
    const suspected = { limit, value: 7, ...facts, seen: 'output' } as const;
    const failed = ended({ end_detail: { exit_code: 1, suspected_limits: [suspected] } });
    expect(adviceTexts(failed, words)[1]).toContain(facts.setting);
  });

  test('a likely cause is named', () => {
    const detail = { exit_code: 1, machine_out_of_memory: true, row_error: 'disk full' };
    expect(adviceTexts(ended({ end_detail: detail }), words)).toHaveLength(3);
    expect(adviceTexts(ended({ end_detail: detail }), words)[2]).toContain('disk full');
  });
});

test("advice is in the reader's language", () => {
  for (const reason of runEndReasons.filter((each) => each !== 'succeeded')) {
    expect(zh.ends.advice[reason]).not.toBe(en.ends.advice[reason]);
  }
  for (const limit of limitNames)
    expect(zh.ends.limitAdvice[limit]('X')).not.toBe(en.ends.limitAdvice[limit]('X'));
});

describe('a headline', () => {
  const words = { texts: en, language: 'en' };
  test.each<[string, Partial<Ended>, string]>([
    [
      "is the worker's own error",
      { error_headline: 'ValueError: x', end_detail: { exit_code: 1 } },
      'ValueError: x',
    ],
    ['is the exit code if there is no error', { end_detail: { exit_code: 3 } }, 'Exit code 3'],
    ['names a signal', { end_reason: 'signal', end_detail: { signal: 'SIGSEGV' } }, 'Signal SIGSEGV'],
    [
      'names a limit',
      { end_reason: 'limit', end_detail: { limit: 'memory', value: 2048, ...limitFacts.memory } },
      'Memory limit of 2,048 MB',
    ],
    [
      'has the message of what failed',
      { end_reason: 'dependencies', end_detail: { message: 'npm ci failed' } },
      'Dependencies not installed: npm ci failed',
    ],
    [
      'names the subtask',
      {
        end_reason: 'partly_failed',
        error_headline: 'ValueError: x',
        end_detail: { exit_code: 1, subtask: 2, subtask_reason: 'exit', subtasks: 3, failed_subtasks: 1 },
      },
      'Subtask 2: ValueError: x',
    ],
    ['is err_msg if the reason is unknown', { end_reason: '', err_msg: 'something' }, 'something'],
  ])('%s', (_, values, text) => {
    expect(headlineText(ended(values), words)).toBe(text);
  });

  test('is found in the log without its cause', () => {
    expect(wordsToFind('TypeError: fetch failed (cause: Error: bad port)')).toBe('TypeError: fetch failed');
    expect(wordsToFind(`Error: ${'x'.repeat(292)}…`)).toBe(`Error: ${'x'.repeat(143)}`);
  });
});

describe('states', () => {
  test('distinguish aborted and partly failed runs from the others', () => {
    expect(stateOf({ status: 'failed', end_reason: 'aborted' })).toBe('aborted');
    expect(stateOf({ status: 'succeeded', end_reason: 'partly_failed' })).toBe('partly_failed');
    expect(stateOf({ status: 'failed', end_reason: 'exit' })).toBe('failed');
    expect(stateOf({ status: 'failed', end_reason: '' })).toBe('failed');
    expect(stateOf({ status: 'aborting', end_reason: '' })).toBe('aborting');
  });

  test('find runs by status or reason, each run once', () => {
    expect(stateQuery('running')).toEqual({ status: 'running' });
    expect(stateQuery('aborted')).toEqual({ end_reason: 'aborted' });
    expect(stateQuery('limit')).toEqual({ end_reason: 'limit' });
    expect(stateQuery('failed')).toEqual({ end_reason: failureReasons.join(',') });
    const asked = runStateFilters
      .filter((filter) => filter !== 'failed')
      .map((filter) => stateQuery(filter).end_reason);
    expect(asked.filter((reason) => reason !== undefined).toSorted()).toEqual([...runEndReasons].toSorted());
  });
});
