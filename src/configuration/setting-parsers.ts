/** Parsers of settings. Each throws an Error that says what was expected, phrased to follow "must be". */
import { BlockList, isIP } from 'node:net';
import { AllowList } from '../addresses/addresses.ts';
import { withoutEnd } from '../text/text-ends.ts';
import type { DiskReserve } from './disk-reserve.ts';

export function text(value: string): string {
  return value;
}

/** A secret that is sent in a header. */
export function credential(value: string): string {
  if (!/^[\x21-\x7e]{16,200}$/.test(value)) throw new Error('16 to 200 printable characters without spaces');
  return value;
}

export function integer(minimum: number, maximum: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^-?\d+$/.test(value.trim()) || number < minimum || number > maximum) {
      throw new Error(`a whole number from ${minimum} to ${maximum}`);
    }
    return number;
  };
}

export function oneOf<const T extends string>(...choices: T[]): (value: string) => T {
  return (value) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new Error(`one of ${choices.join(', ')}`);
    return choice;
  };
}

export function flag(value: string): boolean {
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  if (/^(0|false|no|off)$/i.test(value)) return false;
  throw new Error('true or false');
}

export function httpUrl(value: string): string {
  if (!/^https?:$/.test(URL.parse(value)?.protocol ?? '')) throw new Error('an http or https URL');
  return withoutEnd(value, '/');
}

export function smtpUrl(value: string): string {
  const url = URL.parse(value);
  if (url === null || url.hostname === '' || !/^smtps?:$/.test(url.protocol))
    throw new Error('an smtp or smtps URL, such as smtp://user:password@mail.example.com:587');
  return value;
}

/** `ada@example.com`, or `Ada <ada@example.com>`. */
export function mailbox(value: string): string {
  const text = value.trim();
  const address = text.endsWith('>') ? text.slice(text.indexOf('<') + 1, -1) : text;
  if (!/^[^@\s<>\p{Cc}]+@[^@\s<>\p{Cc}]+$/u.test(address) || /\p{Cc}/u.test(text))
    throw new Error('an e-mail address, such as chela@example.com or Chela <chela@example.com>');
  return text;
}

/** A server that only workers connect to: `host`, `host:port`, or a ws, wss, http or https URL. */
export function endpoint(value: string): string {
  const text = value.trim();
  const url = URL.parse(text.includes('://') ? text : `ws://${text}`);
  if (url === null || url.hostname === '' || !/^(?:wss?|https?):$/.test(url.protocol))
    throw new Error('host:port, or a ws, wss, http or https URL');
  return text;
}

export function databaseUrl(value: string): string {
  if (!/^postgres(ql)?:$/.test(URL.parse(value)?.protocol ?? '')) {
    throw new Error('a URL that starts with postgres:// or postgresql://');
  }
  return value;
}

export function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Times of day `HH:MM`, in ascending order. */
export function timesOfDay(value: string): string[] {
  const times = [...new Set(list(value))].toSorted();
  if (times.length === 0 || !times.every((time) => /^([01]\d|2[0-3]):[0-5]\d$/.test(time)))
    throw new Error('a comma-separated list of times HH:MM, such as 03:00,15:00');
  return times;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** @param most maximum number of ports */
export function ports(most: number): (value: string) => number[] {
  return (value) => {
    const found = [...new Set(list(value).map(Number))];
    if (found.length === 0 || found.length > most || !found.every(isPort)) {
      throw new Error(`1 to ${most} ports from 1 to 65535, separated by commas`);
    }
    return found;
  };
}

/** Bytes, or a share of the disk such as `5%`. */
export function diskReserve(value: string): DiskReserve {
  const [, digits, unit] = /^(\d{1,15})(%?)$/.exec(value.trim()) ?? [];
  const number = Number(digits);
  if (digits === undefined || (unit === '%' && number > 99))
    throw new Error('a number of bytes, or a share of the disk from 0% to 99%');
  return unit === '%' ? { percent: number } : { bytes: number };
}

/** Names with numbers of days: `free=7,business=365`. */
export function daysByName(value: string): ReadonlyMap<string, number> {
  const days = integer(1, 36_500);
  const entries = list(value).map((item) => {
    const [name = '', text = ''] = item.split('=');
    try {
      return [name.trim(), days(text)] as const;
    } catch {
      throw new Error('a comma-separated list of PLAN=DAYS, with 1 to 36500 days');
    }
  });
  return new Map(entries);
}

export function ratio(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !(number >= 0 && number <= 1)) throw new Error('a number from 0 to 1');
  return number;
}

/** Names and values of HTTP headers: `name=value`, separated by commas. */
export function headers(value: string): Record<string, string> {
  const entries = list(value).map((item) => {
    const at = item.indexOf('=');
    const [name, content] = [item.slice(0, at).trim(), item.slice(at + 1).trim()];
    if (at < 1 || !/^[\w-]+$/.test(name) || !/^[\x20-\x7e]+$/.test(content))
      throw new Error('a comma-separated list of NAME=VALUE');
    return [name, content] as const;
  });
  return Object.fromEntries(entries);
}

export function cpus(value: string): number {
  const number = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value.trim()) || number < 0.125 || number > 1024) {
    throw new Error('a number from 0.125 to 1024');
  }
  return number;
}

/** Kept as text, because prices are exact. */
export function price(value: string): string {
  if (!/^\d{1,6}(\.\d{1,9})?$/.test(value.trim())) throw new Error('a decimal number such as 0.25');
  return value.trim();
}

/** Region code → upstream proxy URL. */
export function regions(value: string): ReadonlyMap<string, string> {
  const entries = list(value).map((item) => {
    const [code = '', url = ''] = item.split(/=(.*)/s);
    const isProxy = /^(socks5h?|https?):$/.test(URL.parse(url)?.protocol ?? '');
    if (!/^[A-Z]{2}$/.test(code) || !isProxy) {
      throw new Error(
        'a comma-separated list of CODE=URL, with two-letter upper-case codes and socks5, http or https URLs',
      );
    }
    return [code, url] as const;
  });
  return new Map(entries);
}

/** Addresses and CIDR ranges. */
export function networks(value: string): string[] {
  const found = list(value);
  const known = new BlockList();
  try {
    for (const network of found) {
      const [address = '', prefix, ...rest] = network.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (isIP(address) === 0 || rest.length > 0 || (prefix !== undefined && !/^\d+$/.test(prefix)))
        throw new Error();
      if (prefix === undefined) known.addAddress(address, family);
      else known.addSubnet(address, Number(prefix), family);
    }
  } catch {
    throw new Error('a comma-separated list of addresses and CIDR ranges, such as 127.0.0.1,10.0.0.0/8');
  }
  return found;
}

export function targets(value: string): string[] {
  const found = list(value);
  try {
    void new AllowList(found);
  } catch {
    throw new Error('a comma-separated list of addresses, CIDR ranges or host:port');
  }
  return found;
}

export function integers(minimum: number, maximum: number): (value: string) => number[] {
  const parse = integer(minimum, maximum);
  return (value) => {
    try {
      return list(value).map(parse);
    } catch {
      throw new Error(`a comma-separated list of whole numbers from ${minimum} to ${maximum}`);
    }
  };
}
