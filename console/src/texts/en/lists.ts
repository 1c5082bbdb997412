/** Texts of filtered and sorted lists. */
export const lists = {
  count: (count: string) => `${count} total`,
  perPage: (size: number) => `${size} per page`,
  pageSize: 'Items per page',
  page: (page: number) => `Page ${page}`,
  pageControls: {
    first: 'First page',
    previous: 'Previous page',
    next: 'Next page',
    last: 'Last page',
  } as Readonly<Record<string, string>>,
  clear: 'Clear filters',
  searchRuns: 'Search runs by worker or ID',
  anyOrigin: 'Any origin',
  anyWorker: 'Any worker',
  from: 'From',
  to: 'To',
  noMatch: 'No results match these filters.',
  anySchedule: 'Any schedule',
  scheduled: 'Scheduled',
  byHand: 'Manual only',
};
