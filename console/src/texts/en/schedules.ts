/** The calendar of scheduled times. */
export const schedules = {
  title: 'Schedules',
  text: (zone: string) => `Upcoming scheduled runs, in your time zone (${zone}).`,
  today: 'Today',
  previous: 'Previous week',
  next: 'Next week',
  week: (from: string, to: string) => `${from} to ${to}`,
  none: 'None',
  clash: (others: number) =>
    others === 1 ? 'same time as 1 other task' : `same time as ${others} other tasks`,
  exceeds: 'more runs than the plan allows at a time',
  zoned: (time: string, zone: string) => `${time} in ${zone}`,
  clashes: (count: number) => (count === 1 ? '1 overlap' : `${count} overlaps`),
  noClashes: 'No overlaps',
  emptyTitle: 'No schedules are enabled',
  emptyText: 'Add a schedule to a task on the Tasks page. Its upcoming runs appear here.',
  emptyWeek: 'Nothing is scheduled this week.',
  toTasks: 'Go to tasks',
  truncated: (shown: string, count: string) => `Showing the first ${shown} of ${count}.`,
};
