/**
 * Synthetic addresses for the names that one sandbox resolves. A connection to such an address is a connection to its name.
 * They come from the range for benchmarks (RFC 2544) and a private IPv6 range, so they are never the address of a host.
 */

export interface StandIn {
  readonly ipv4: string;
  readonly ipv6: string;
}

interface Entry extends StandIn {
  readonly name: string;
  /** Time of the last query or connection, in milliseconds. */
  usedAt: number;
}

/** Indexes into 198.18.0.0/15. Lower ones are reserved for the sandbox's network itself. */
const firstIndex = 256;
const endIndex = 2 ** 17;
const ipv6Prefix = 'fd63:6865:6c61:1';

/** Maximum number of names in the book, and of their characters. */
const limits = { names: 32_768, characters: 2 * 1024 * 1024 } as const;

/** Minimum time that an address keeps its name after its last use. */
const keptMilliseconds = 120_000;
/** Number of names removed in one go, because finding a map's first entry is slow after many removals. */
const maxRemoved = 1024;

function standInAt(index: number): StandIn {
  const [high, low] = [index >> 16, index & 0xff_ff];
  const tail = high === 0 ? low.toString(16) : `${high.toString(16)}:${low.toString(16)}`;
  return { ipv4: `198.${18 + high}.${low >> 8}.${low & 0xff}`, ipv6: `${ipv6Prefix}::${tail}` };
}

export class AddressBook {
  /** In order of use, least recent first. */
  readonly #byName = new Map<string, Entry>();
  readonly #byAddress = new Map<string, Entry>();
  readonly #now: () => number;
  #characters = 0;
  #nextIndex = firstIndex;

  /** @param now monotonic clock, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @returns the addresses of the name; undefined if too many other names are in use */
  standInFor(name: string): StandIn | undefined {
    const known = this.#byName.get(name);
    if (known !== undefined) return this.#touch(known);
    if (!this.#makeRoom(name.length)) return undefined;
    const entry = { name, ...this.#freeStandIn(), usedAt: this.#now() };
    this.#byName.set(name, entry);
    this.#byAddress.set(entry.ipv4, entry).set(entry.ipv6, entry);
    this.#characters += name.length;
    return entry;
  }

  /** The name of an address. @param address in canonical form */
  nameOf(address: string): string | undefined {
    const entry = this.#byAddress.get(address);
    return entry === undefined ? undefined : this.#touch(entry).name;
  }

  #touch(entry: Entry): Entry {
    entry.usedAt = this.#now();
    this.#byName.delete(entry.name);
    this.#byName.set(entry.name, entry);
    return entry;
  }

  #makeRoom(characters: number): boolean {
    if (this.#fits(characters)) return true;
    let removed = 0;
    for (const entry of this.#byName.values()) {
      if (removed === maxRemoved || this.#now() - entry.usedAt < keptMilliseconds) break;
      this.#remove(entry);
      removed += 1;
    }
    return this.#fits(characters);
  }

  #fits(characters: number): boolean {
    return this.#byName.size < limits.names && this.#characters + characters <= limits.characters;
  }

  #remove({ name, ipv4, ipv6 }: Entry): void {
    this.#byName.delete(name);
    this.#byAddress.delete(ipv4);
    this.#byAddress.delete(ipv6);
    this.#characters -= name.length;
  }

  /** There is always one, since there are more addresses than names. Addresses are reused as late as possible. */
  #freeStandIn(): StandIn {
    for (;;) {
      const found = standInAt(this.#nextIndex);
      this.#nextIndex = this.#nextIndex + 1 === endIndex ? firstIndex : this.#nextIndex + 1;
      if (!this.#byAddress.has(found.ipv4)) return found;
    }
  }
}

/** Whether an address is in the synthetic ranges. */
export function isStandIn(address: string): boolean {
  return /^198\.1[89]\./.test(address) || address.startsWith('fd63:6865:6c61:');
}
