/** All kinds of faults. */
import { clockFaults } from './clock-faults.ts';
import { diskFaults } from './disk-faults.ts';
import type { Fault } from './fault.ts';
import { networkFaults } from './network-faults.ts';
import { failOver, freezePostgres, killPostgres, restartPostgres, slowPostgres } from './postgres-faults.ts';
import { freezeApi, freezeRunner, killApi, killRunner } from './process-faults.ts';

export const faults: readonly Fault[] = [
  killRunner,
  freezeRunner,
  killApi,
  freezeApi,
  ...networkFaults,
  killPostgres,
  freezePostgres,
  slowPostgres,
  restartPostgres,
  failOver,
  ...diskFaults,
  ...clockFaults,
];
