/** Names the browser and the system in a user agent, well enough to recognize one's own. */

/** In this order: most browsers also name the ones that they resemble. */
const browsers: readonly (readonly [mark: string, name: string])[] = [
  ['Edg', 'Edge'],
  ['OPR/', 'Opera'],
  ['SamsungBrowser/', 'Samsung Internet'],
  ['Firefox/', 'Firefox'],
  ['FxiOS/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['CriOS/', 'Chrome'],
  ['Safari/', 'Safari'],
  ['curl/', 'curl'],
];

const systems: readonly (readonly [mark: string, name: string])[] = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['CrOS', 'ChromeOS'],
  ['Linux', 'Linux'],
];

function nameIn(text: string, names: readonly (readonly [string, string])[]): string {
  return names.find(([mark]) => text.includes(mark))?.[1] ?? '';
}

/** `''` for what is not known. */
export function deviceOf(userAgent: string): { readonly browser: string; readonly system: string } {
  return { browser: nameIn(userAgent, browsers), system: nameIn(userAgent, systems) };
}
