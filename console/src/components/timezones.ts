/** The time zones to choose from. */

/** Names of the browser, which lacks UTC. */
const known = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC')];

/** @param current is added if the browser does not know it, such as an older name */
export function timezoneChoices(current: string): readonly string[] {
  return current === '' || known.includes(current) ? known : [current, ...known];
}
