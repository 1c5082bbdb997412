/** A node of the cluster: an API or a runner, in a network namespace and with a clock of its own. */
import path from 'node:path';
import { Clock } from './clock.ts';
import type { Network } from './network.ts';
import { SupervisedProgram } from './supervised-program.ts';

const program = path.resolve(import.meta.dirname, '../../dist/main.js');

export type Role = 'api' | 'runner';

interface NodeOptions {
  readonly name: string;
  readonly role: Role;
  readonly network: Network;
  readonly address: string;
  /** Has its clock and its log. */
  readonly folder: string;
  readonly settings: Readonly<Record<string, string>>;
}

export class Node {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  readonly cacheDir: string;
  readonly clock: Clock;
  readonly program: SupervisedProgram;

  constructor({ name, role, network, address, folder, settings }: NodeOptions) {
    this.name = name;
    this.role = role;
    this.address = address;
    this.cacheDir = path.join(folder, `cache-${name}`);
    this.clock = new Clock(path.join(folder, `clock-${name}`));
    this.program = new SupervisedProgram({
      command: [...network.within(name), process.execPath, program, role],
      environment: { ...settings, CHELA_CACHE_DIR: this.cacheDir, ...this.clock.environment },
      log: path.join(folder, 'logs', `${name}.log`),
    });
  }

  /** Where an API listens. */
  get url(): string {
    return `http://${this.address}:8080`;
  }
}
