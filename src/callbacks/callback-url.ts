/** Which URLs a callback, or a redirect of one, may go to, as far as the URL itself tells. */
import { AddressRefusedError, type AddressGuard } from '../addresses/addresses.ts';

const longestUrl = 2048;

/** The port that a URL is connected at. */
export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

/** @returns why a URL is refused, in a sentence without a subject; undefined where it is not */
export function urlRefusal(url: URL, guard: AddressGuard): string | undefined {
  if (url.href.length > longestUrl) return `is longer than ${longestUrl} characters`;
  if (!/^https?:$/.test(url.protocol)) return 'is not an http or https URL';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  try {
    // URL has brought an address into its usual notation.
    guard.checkUnresolved({ host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: portOf(url) });
    return undefined;
  } catch (error) {
    if (error instanceof AddressRefusedError) return `is refused: ${error.message}`;
    throw error;
  }
}
