import type { GuideGroup } from '../../../../src/documentation/guide-list.ts';

/** The documentation's index and pages. The guides themselves come from the server. */
export const guides = {
  title: 'Documentation',
  intro: 'How to run workers, write your own, and operate Chela.',
  groups: {
    start: 'Get started',
    use: 'Use the API',
    write: 'Write workers',
    operate: 'Operate Chela',
    inside: 'How Chela works',
  } satisfies Record<GuideGroup, string> as Record<GuideGroup, string>,
  search: 'Search guides and operations',
  guidesFound: 'Guides',
  notFound: 'No guide or operation has these words',
  contents: 'On this page',
  /** Shown only in other languages. */
  inEnglish: '(in English)',
  englishOnly: 'This page is available in English only.',
  choose: 'Choose a page',
  nothingFound: 'No page title matches.',
  everyOperation: 'All API operations',
  forPrograms: 'With examples you can try. For programs:',
};
