/** Names of the days of the week, by the API's numbers: 1 Monday to 7 Sunday. */

/** Any Monday, to get the names from. */
const monday = Date.UTC(2024, 0, 1);
const dayMilliseconds = 86_400_000;

export function weekdayName(number: number, language: string, style: 'long' | 'short' = 'long'): string {
  const format = new Intl.DateTimeFormat(language, { weekday: style, timeZone: 'UTC' });
  return format.format(monday + (number - 1) * dayMilliseconds);
}

export function weekdays(language: string): { value: string; label: string; short: string }[] {
  return [1, 2, 3, 4, 5, 6, 7].map((number) => ({
    value: String(number),
    label: weekdayName(number, language),
    short: weekdayName(number, language, 'short'),
  }));
}
