/** Why runs and subtasks ended, in words. */
import { headlineCause } from '../../../src/runs/end-reasons.ts';
import type { Run } from '../../../src/answers/runs.ts';
import type { Subtask } from '../../../src/answers/subtasks.ts';
import type { Texts } from '../texts/en/en.ts';
import { formatAmount } from './amounts.ts';
import { formatBytes, formatCount, formatDuration } from './figures.ts';

type EndField = 'end_reason' | 'end_detail' | 'error_headline' | 'err_msg';
export type Ended = Pick<Run, EndField> | Pick<Subtask, EndField>;

/** Language and texts to build the sentences from. */
interface Words {
  readonly texts: Texts;
  readonly language: string;
}

type Limit = Pick<
  NonNullable<Run['end_detail']['suspected_limits']>[number],
  'limit' | 'value' | 'unit' | 'setting'
>;

function valueText({ value, unit }: Limit, { texts, language }: Words): string {
  switch (unit) {
    case 'seconds':
      return formatDuration(value);
    case 'MB':
      return `${formatCount(value, language)} MB`;
    case 'bytes':
      return formatBytes(value, language);
    case 'amount':
      return formatAmount(value, language);
    case 'rows':
    case 'files':
    case 'processes':
      return texts.ends.counted[unit](formatCount(value, language));
    default:
      return unit satisfies never;
  }
}

/** `Memory limit of 2,048 MB` */
function limitText(limit: Limit, words: Words): string {
  return words.texts.ends.limit(words.texts.ends.limits[limit.limit], valueText(limit, words));
}

function limitOf({ limit, value, unit, setting }: Ended['end_detail']): Limit | undefined {
  if (limit === undefined || value === undefined || unit === undefined || setting === undefined)
    return undefined;
  return { limit, value, unit, setting };
}

/** Why a subtask failed. For a run, why its representative failed subtask did. */
function failureOf({ end_reason: reason, end_detail: detail }: Ended): Ended['end_reason'] {
  return ('subtask_reason' in detail ? detail.subtask_reason : undefined) ?? reason;
}

/** The reason in a few words, such as `Exit code 1`; `''` if none is known. */
export function reasonText(ended: Ended, words: Words): string {
  const { ends } = words.texts;
  const { end_detail: detail } = ended;
  const reason = failureOf(ended);
  switch (reason) {
    case '':
      return ended.err_msg;
    case 'succeeded':
      return '';
    case 'limit': {
      const limit = limitOf(detail);
      return limit === undefined ? ends.reasons.limit : limitText(limit, words);
    }
    case 'exit':
      return ends.exitCode(String(detail.exit_code ?? ''));
    case 'signal':
      return ends.signal(detail.signal ?? '');
    case 'partly_failed':
    case 'aborted':
    case 'lost':
    case 'stopped':
    case 'preparation':
    case 'dependencies':
    case 'internal':
      return ends.reasons[reason];
    default:
      return reason satisfies never;
  }
}

/** The headline of a failure: the worker's own error if it has one, otherwise what the platform knows. */
export function headlineText(ended: Ended, words: Words): string {
  const { end_detail: detail, error_headline: headline } = ended;
  const reason = reasonText(ended, words);
  const known = detail.message === undefined ? reason : `${reason}: ${detail.message}`;
  const text = headline === '' ? known : headline;
  const number = 'subtask' in detail ? detail.subtask : undefined;
  return number === undefined ? text : words.texts.ends.ofSubtask(number, text);
}

/** What to do, and likely causes, one sentence each. */
export function adviceTexts(ended: Ended, words: Words): readonly string[] {
  const { ends } = words.texts;
  const { end_detail: detail } = ended;
  const reason = failureOf(ended);
  const limit = reason === 'limit' ? limitOf(detail) : undefined;
  const advice =
    limit === undefined
      ? ends.advice[reason === '' ? 'unknown' : reason]
      : ends.limitAdvice[limit.limit](limit.setting);
  return [
    advice,
    ...(detail.suspected_limits ?? []).map((each) => ends.suspected(limitText(each, words), each.setting)),
    ...(detail.machine_out_of_memory === true ? [ends.machineOutOfMemory] : []),
    ...(detail.row_error === undefined ? [] : [ends.rowError(detail.row_error)]),
  ].filter((sentence) => sentence !== '');
}

const maxSearchLength = 150;

/** The part of a headline to search for in the log, where causes stand on lines of their own. */
export function wordsToFind(headline: string): string {
  const [error = ''] = headline.split(headlineCause, 1);
  return error.replace('…', '').slice(0, maxSearchLength);
}
