/** Rules about the form of answers. */
import type { Rule } from '../rule.ts';

export const errorsAreEnveloped: Rule = {
  name: 'every answer is in the envelope',
  page: 'errors.md',
  sentence: 'Every response is an envelope.',
  broken: (history) =>
    history
      .calls()
      .filter(({ http, code }) => http !== 0 && (code === undefined || (code === 0) !== http < 400))
      .map(({ op, http, code, problem }) =>
        code === undefined
          ? `"${op}" answered ${http} outside the envelope: ${problem}`
          : `"${op}" answered ${http} with the code ${code}`,
      ),
};
