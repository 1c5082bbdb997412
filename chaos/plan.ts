/** Which faults a campaign injects, and when: computed from the seed alone, so that a seed can be repeated. */
import type { Fault } from './faults/fault.ts';
import { Random } from './random.ts';

export interface PlannedFault {
  readonly fault: Fault;
  readonly target: string;
  /** When it begins, from the start of the campaign. */
  readonly atMs: number;
  readonly lengthMs: number;
}

export interface PlanOptions {
  readonly seed: number;
  /** Faults begin within this time. */
  readonly lengthMs: number;
  readonly leaseMs: number;
  /** The kinds to choose from. The same seed with other kinds gives another plan. */
  readonly faults: readonly Fault[];
}

/** Average time between two faults, as a multiple of the lease. Several can last at the same time. */
const pauseLeases = 0.4;
/** After a fault, its target has this long to recover before the next. */
const recoveryLeases = 0.5;

/** A fault whose target is busy is replaced by another; this often. */
const attempts = 6;

/** @returns the faults in order of time; a target never has two at once */
export function plan({ seed, lengthMs, leaseMs, faults }: PlanOptions): PlannedFault[] {
  const random = new Random(seed);
  const planned: PlannedFault[] = [];
  const freeAtMs = new Map<string, number>();
  let atMs = 0;
  for (;;) {
    atMs += random.between(0.5, 1.5) * pauseLeases * leaseMs;
    if (atMs > lengthMs) return planned;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const fault = random.weighted(faults);
      const target = random.pick(fault.targets);
      const length = random.between(...fault.leases) * leaseMs;
      if ((freeAtMs.get(target) ?? 0) > atMs) continue;
      freeAtMs.set(target, atMs + length + recoveryLeases * leaseMs);
      planned.push({ fault, target, atMs: Math.round(atMs), lengthMs: Math.round(length) });
      break;
    }
  }
}
