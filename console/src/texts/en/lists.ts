/** What filtered and sorted lists have in common. */
export const lists = {
  count: (count: string) => `${count} in all`,
  perPage: (size: number) => `${size} a page`,
  pageSize: 'Items on a page',
  page: (page: number) => `Page ${page}`,
  pageControls: {
    first: 'First page',
    previous: 'Previous page',
    next: 'Next page',
    last: 'Last page',
  } as Readonly<Record<string, string>>,
  clear: 'Clear filters',
  searchRuns: 'Search runs by worker or number',
  anyOrigin: 'Any origin',
  anyWorker: 'Any worker',
  from: 'From',
  to: 'Until',
  noMatch: 'Nothing matches these filters.',
  anySchedule: 'With or without schedule',
  scheduled: 'With schedule',
  byHand: 'By hand only',
};
