/** The host and port that a worker requests a connection to. */
import { isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { DialError } from './dial-error.ts';

export interface Target {
  /** An address without brackets, or a name in lower-case ASCII. */
  readonly host: string;
  readonly port: number;
}

/** As written by the worker, unchecked. */
export interface RequestedTarget {
  readonly host: string;
  readonly port: number;
}

/** Characters that `domainToASCII` would drop, decode or stop at, because it parses a name as a URL's host. */
const noNameCharacter = /[\p{Cc}\s/\\?#@:%]/u;
/** Letters, digits and hyphens, and underscores, which some names contain although DNS host names must not. */
const nameForm = /^[a-z\d_-]+(\.[a-z\d_-]+)*\.?$/;

/**
 * Checks and normalizes a target. The host may be an address, with or without brackets, or a name in any script.
 * @throws DialError if the host is anything else, or the port is out of range
 */
export function checkTarget({ host, port }: RequestedTarget): Target {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const normal = isIP(bare) === 0 && !noNameCharacter.test(bare) ? domainToASCII(bare) : bare;
  // Zones such as %eth0 select an interface of the runner's machine.
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
