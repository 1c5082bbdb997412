/** Clocks of nodes that are set an hour forward or back, and later right again. */
import { clockLibrary } from '../cluster/clock.ts';
import { apiNames, runnerNames } from '../cluster/cluster.ts';
import type { Fault } from './fault.ts';

const hourSeconds = 3600;

function step(name: string, seconds: number): Fault {
  return {
    name,
    weight: 1,
    targets: [...apiNames, ...runnerNames],
    leases: [0.5, 2],
    isNoticedBy: 'working again',
    ...(clockLibrary === undefined ? { unavailable: 'libfaketime is not installed' } : {}),
    begin: async (cluster, target) => cluster.node(target).clock.step(seconds),
    end: async (cluster, target) => cluster.node(target).clock.step(0),
  };
}

export const clockFaults: readonly Fault[] = [
  step('clock an hour forward', hourSeconds),
  step('clock an hour back', -hourSeconds),
];
