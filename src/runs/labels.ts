/** Labels of runs: texts that an account sorts its runs by. */
import { ChelaError } from '../errors.ts';

/** Maximum number of labels of a run. */
export const labelLimit = 20;
/** Maximum number of characters (UTF-16 units) of a label. */
export const labelLength = 60;

/** Control characters, and separators of lines and paragraphs: a label is one line. */
const breaking = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/**
 * Labels as they are stored: without spaces around them, in composed form, each once, in the given order.
 * @throws ChelaError INVALID_SHAPE for an invalid label, or too many
 */
export function checkedLabels(labels: readonly string[]): string[] {
  const stored = labels.map((label) => {
    if (!label.isWellFormed() || breaking.test(label)) {
      throw new ChelaError(
        'INVALID_SHAPE',
        'labels must not contain line breaks, control characters and lone surrogates',
      );
    }
    const text = label.normalize('NFC').trim();
    if (text === '' || text.length > labelLength) {
      throw new ChelaError('INVALID_SHAPE', `a label must have 1 to ${labelLength} characters`);
    }
    return text;
  });
  const distinct = [...new Set(stored)];
  if (distinct.length > labelLimit) {
    throw new ChelaError('INVALID_SHAPE', `a run can have up to ${labelLimit} labels`);
  }
  return distinct;
}
