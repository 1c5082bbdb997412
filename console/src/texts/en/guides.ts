import type { GuideGroup } from '../../api/guides.ts';

/** The documentation's index and pages. The guides themselves come from the server. */
export const guides = {
  title: 'Documentation',
  intro: 'How to run workers, write them, and keep Chela running.',
  groups: {
    start: 'Start',
    use: 'Use the API',
    write: 'Write workers',
    operate: 'Run Chela',
    inside: 'How it is built',
  } satisfies Record<GuideGroup, string> as Record<GuideGroup, string>,
  choose: 'Choose a page',
  nothingFound: 'No page has these words in its title.',
  everyOperation: 'Every operation of the API',
  forPrograms: 'With examples, and a place to try each. For programs:',
};
