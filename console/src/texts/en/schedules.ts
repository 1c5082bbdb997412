/** The calendar of coming ticks. */
export const schedules = {
  title: 'Schedules',
  text: (zone: string) => `When tasks run by themselves, in your time zone (${zone}).`,
  today: 'Today',
  previous: 'Week before',
  next: 'Week after',
  week: (from: string, to: string) => `${from} to ${to}`,
  none: 'nothing',
  clash: (others: number) => (others === 1 ? 'with 1 other task' : `with ${others} other tasks`),
  exceeds: 'more than the plan lets run at a time',
  zoned: (time: string, zone: string) => `${time} in ${zone}`,
  clashes: (count: number) =>
    count === 1 ? '1 minute has more than one task' : `${count} minutes have more than one task`,
  noClashes: 'No clashes',
  emptyTitle: 'No schedule is switched on',
  emptyText: 'Give a task a schedule on the page Tasks; its coming runs appear here.',
  emptyWeek: 'Nothing is scheduled in this week.',
  toTasks: 'To the tasks',
  truncated: (shown: string, count: string) => `The first ${shown} of ${count} are shown.`,
};
