/** Faults of processes: killed without warning, or frozen for a while. */
import { apiNames, runnerNames } from '../cluster/cluster.ts';
import type { Fault } from './fault.ts';

export const killRunner: Fault = {
  name: 'runner killed',
  weight: 3,
  targets: runnerNames,
  leases: [0.1, 1],
  isNoticedBy: 'lost runner',
  // Others on its machine see that its process is dead.
  losesRunnerFromLeases: 0,
  begin: async (cluster, target) => cluster.node(target).program.kill(),
  end: async (cluster, target) => cluster.node(target).program.start(),
};

export const freezeRunner: Fault = {
  name: 'runner frozen',
  weight: 3,
  targets: runnerNames,
  leases: [0.2, 4],
  isNoticedBy: 'lost runner',
  losesRunnerFromLeases: 2,
  begin: async (cluster, target) => cluster.node(target).program.signal('SIGSTOP'),
  end: async (cluster, target) => cluster.node(target).program.signal('SIGCONT'),
};

export const killApi: Fault = {
  name: 'API killed',
  weight: 2,
  targets: apiNames,
  leases: [0.1, 1],
  isNoticedBy: 'working again',
  begin: async (cluster, target) => cluster.node(target).program.kill(),
  end: async (cluster, target) => cluster.node(target).program.start(),
};

export const freezeApi: Fault = {
  name: 'API frozen',
  weight: 2,
  targets: apiNames,
  leases: [0.2, 3],
  isNoticedBy: 'working again',
  begin: async (cluster, target) => cluster.node(target).program.signal('SIGSTOP'),
  end: async (cluster, target) => cluster.node(target).program.signal('SIGCONT'),
};
