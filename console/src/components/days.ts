/**
 * Start of a day in the reader's zone, in Unix seconds.
 * @param day such as 2026-01-31
 * @param later number of days after it
 */
export function dayStart(day: string | undefined, later = 0): number | undefined {
  if (day === undefined) return undefined;
  const start = new Date(`${day}T00:00:00`);
  start.setDate(start.getDate() + later);
  return Math.floor(start.getTime() / 1000);
}
