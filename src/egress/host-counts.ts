/** Connections of one subtask, summed by host, port and outcome in memory. */
import { canonicalHost } from '../addresses/addresses.ts';
import { printable } from '../text/printable-text.ts';
import type { ConnectionOutcome, RefusalReason } from './connection-outcomes.ts';

/** Characters of a host that are kept; valid names have no more. */
const hostCharacters = 253;
/** Characters of an invalid host that are looked at. */
const readCharacters = 1024;
const lastPort = 65_535;

/** Sums since they were last taken. */
export interface HostSums {
  connections: number;
  sentBytes: number;
  receivedBytes: number;
}

export interface TakenSums extends HostSums {
  readonly firstAt: Date;
  readonly lastAt: Date;
}

/** The sums of one host, port and outcome. Counting must be cheap, because it is called for every piece of data. */
export class HostCount {
  /** Empty for the hosts beyond the limit. */
  readonly host: string;
  /** 0 for the hosts beyond the limit. */
  readonly port: number;
  readonly outcome: ConnectionOutcome;
  readonly #onChange: (count: HostCount) => void;
  readonly #sums: HostSums = { connections: 0, sentBytes: 0, receivedBytes: 0 };
  /** Time of the first connection. */
  readonly #firstAt = new Date();
  #isChanged = false;

  constructor(
    key: { readonly host: string; readonly port: number; readonly outcome: ConnectionOutcome },
    onChange: (count: HostCount) => void,
  ) {
    this.host = key.host;
    this.port = key.port;
    this.outcome = key.outcome;
    this.#onChange = onChange;
  }

  /** Whether there are sums to take. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  addConnection(): void {
    this.#sums.connections += 1;
    this.#change();
  }

  addSent(bytes: number): void {
    this.#sums.sentBytes += bytes;
    this.#change();
  }

  addReceived(bytes: number): void {
    this.#sums.receivedBytes += bytes;
    this.#change();
  }

  /** The sums since the last call. */
  take(): TakenSums {
    const taken = { ...this.#sums, firstAt: this.#firstAt, lastAt: new Date() };
    Object.assign(this.#sums, { connections: 0, sentBytes: 0, receivedBytes: 0 });
    this.#isChanged = false;
    return taken;
  }

  /** Adds sums that were taken and could not be stored. */
  giveBack({ connections, sentBytes, receivedBytes }: HostSums): void {
    this.#sums.connections += connections;
    this.#sums.sentBytes += sentBytes;
    this.#sums.receivedBytes += receivedBytes;
    this.#change();
  }

  #change(): void {
    if (this.#isChanged) return;
    this.#isChanged = true;
    this.#onChange(this);
  }
}

interface SubtaskHostsOptions {
  /** Maximum number of sums; further hosts are summed in one per outcome. */
  readonly limit: number;
  /** Masks the subtask's secrets, which a worker may use in a name. */
  readonly mask: (text: string) => string;
  /** Called when sums of a host are to be stored. */
  readonly onChange: (count: HostCount) => void;
}

export class SubtaskHosts {
  readonly #options: SubtaskHostsOptions;
  readonly #counts = new Map<string, HostCount>();

  constructor(options: SubtaskHostsOptions) {
    this.#options = options;
  }

  get isChanged(): boolean {
    return this.#counts.values().some(({ isChanged }) => isChanged);
  }

  /** Counts an open connection. @returns what counts its bytes */
  connected(host: string, port: number): HostCount {
    const count = this.#count(host, port, 'connected');
    count.addConnection();
    return count;
  }

  /** Counts a connection that was not opened. @param host as the worker gave it, unchecked */
  refused(host: string, port: number, reason: RefusalReason): void {
    this.#count(host, port, reason).addConnection();
  }

  #count(host: string, port: number, outcome: ConnectionOutcome): HostCount {
    const given = this.#options.mask(canonicalHost(host.slice(0, readCharacters)));
    const name = printable(given).replaceAll('\n', '\uFFFD').slice(0, hostCharacters).toWellFormed();
    const isPort = Number.isInteger(port) && port >= 0 && port <= lastPort;
    return this.#at(name === '' ? '?' : name, isPort ? port : 0, outcome) ?? this.#add('', 0, outcome);
  }

  /** @returns undefined beyond the limit */
  #at(host: string, port: number, outcome: ConnectionOutcome): HostCount | undefined {
    const found = this.#counts.get(keyOf(host, port, outcome));
    if (found !== undefined) return found;
    return this.#counts.size < this.#options.limit ? this.#add(host, port, outcome) : undefined;
  }

  #add(host: string, port: number, outcome: ConnectionOutcome): HostCount {
    const key = keyOf(host, port, outcome);
    const count = this.#counts.get(key) ?? new HostCount({ host, port, outcome }, this.#options.onChange);
    this.#counts.set(key, count);
    return count;
  }
}

function keyOf(host: string, port: number, outcome: ConnectionOutcome): string {
  return `${port} ${outcome} ${host}`;
}
