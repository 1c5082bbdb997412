/** The hosts that a worker may connect to, and proposals for them. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';

const hosts = Type.Array(Type.String({ examples: ['*.example.com'] }));

export const WorkerNetwork = Type.Object(
  {
    allowed_hosts: Type.Union([hosts, Type.Null()], {
      description:
        'Hosts that the runs of the worker may connect to; null allows every host. Change it with updateWorker.',
    }),
    declared_hosts: Type.Union([hosts, Type.Null()], {
      description: 'Hosts in network.json of the current version; null if it has no such file.',
    }),
    proposal: Type.Object(
      {
        hosts,
        runs: Type.Integer({ description: 'Number of runs that it is made from.', examples: [20] }),
        is_complete: Type.Boolean({
          description: 'Whether it has every host of these runs.',
          examples: [true],
        }),
      },
      {
        description:
          'Hosts that your newest successful runs connected to. Many subdomains of a domain become a wildcard.',
      },
    ),
  },
  { title: 'WorkerNetwork', description: 'Hosts that a worker may connect to' },
);
export type WorkerNetwork = Answer<typeof WorkerNetwork>;
