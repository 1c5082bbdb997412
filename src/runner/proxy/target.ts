/** What a worker asks to be connected to. */
import { isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { DialError } from './dial-error.ts';

export interface Target {
  /** An address without brackets, or a name in ASCII and small letters. */
  readonly host: string;
  readonly port: number;
}

/** As the worker wrote it: neither part has been checked. */
export interface RequestedTarget {
  readonly host: string;
  readonly port: number;
}

/** What a URL's host would end at, decode or leave out; `domainToASCII` reads a name as one. */
const noNameCharacter = /[\p{Cc}\s/\\?#@:%]/u;
/** Letters, digits, hyphens, and the underscore that some names have in spite of the rules. */
const nameForm = /^[a-z\d_-]+(\.[a-z\d_-]+)*\.?$/;

/**
 * Takes addresses, also in brackets, and names in any script.
 * @throws DialError for any other host, and for a port out of range
 */
export function checkTarget({ host, port }: RequestedTarget): Target {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const normal = isIP(bare) === 0 && !noNameCharacter.test(bare) ? domainToASCII(bare) : bare;
  // Zones name the machine's own interfaces.
  const isAddress = isIP(normal) !== 0 && !normal.includes('%');
  const isHost = isAddress || (normal.length <= 253 && nameForm.test(normal));
  if (!isHost || !Number.isInteger(port) || port < 1 || port > 65_535) {
    const shown = JSON.stringify(`${host.slice(0, 100)}:${port}`);
    throw new DialError('malformed target', `${shown} is not a host and port`);
  }
  return { host: normal, port };
}

/** Reads `host:port`. */
export function parseAuthority(text: string): RequestedTarget {
  const [, host = text, port = '0'] = /^(.*):(\d{1,5})$/s.exec(text) ?? [];
  return { host, port: Number(port) };
}

export function targetText({ host, port }: Target): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
