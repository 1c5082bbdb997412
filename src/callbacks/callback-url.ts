/** Which URLs a callback or its redirects may use, as far as the URL alone can tell. */
import { AddressRefusedError, type AddressGuard } from '../addresses/addresses.ts';

const maxUrlLength = 2048;

/** The port that a URL connects to. */
export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

/** @returns why a URL is refused, as a sentence without a subject; undefined if it is allowed */
export function urlRefusal(url: URL, guard: AddressGuard): string | undefined {
  if (url.href.length > maxUrlLength) return `is longer than ${maxUrlLength} characters`;
  if (!/^https?:$/.test(url.protocol)) return 'is not an http or https URL';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  try {
    // URL has normalized the address.
    guard.checkUnresolved({ host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: portOf(url) });
    return undefined;
  } catch (error) {
    if (error instanceof AddressRefusedError) return `is refused: ${error.message}`;
    throw error;
  }
}
