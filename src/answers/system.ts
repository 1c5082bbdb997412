/** The state of the installation. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';

const moment = (description: string) =>
  Type.Integer({ description: `${description}, Unix seconds.`, examples: [1_782_091_200] });

const bytes = (description: string) => Type.Integer({ description, examples: [1_073_741_824] });

const count = (description: string) => Type.Integer({ description, examples: [4] });

const versionText = Type.String({ description: 'Empty if it is not known.', examples: ['0.1.0'] });

export const RunnerState = Type.Object(
  {
    id: Type.Integer({ examples: [1] }),
    hostname: Type.String({ examples: ['runner-1'] }),
    process_id: Type.Integer({ examples: [4711] }),
    version: versionText,
    node_version: versionText,
    sandbox: Type.String({ description: 'Kind of sandbox.', examples: ['bubblewrap'] }),
    slots: count('Maximum subtasks that the runner executes at the same time.'),
    running: count('Subtasks that the runner is executing.'),
    started_at: moment('Start'),
    heartbeat_at: moment('Last heartbeat'),
    is_alive: Type.Boolean({ description: 'Whether the last heartbeat is recent enough.', examples: [true] }),
  },
  { title: 'RunnerState', description: 'A runner' },
);
export type RunnerState = Answer<typeof RunnerState>;

const QueueState = Type.Object(
  {
    waiting_subtasks: count('Subtasks waiting for a runner.'),
    running_subtasks: count('Subtasks being executed.'),
    oldest_waiting_since: Type.Integer({
      description:
        'Creation time of the oldest run with waiting subtasks, Unix seconds; 0 if no subtask is waiting.',
      examples: [0],
    }),
    accounts: Type.Array(
      Type.Object({
        name: Type.String({ examples: ['ada'] }),
        waiting_subtasks: count('Waiting subtasks.'),
        running_subtasks: count('Subtasks being executed.'),
      }),
      { description: 'Accounts with unfinished subtasks, those with the most waiting subtasks first.' },
    ),
  },
  { title: 'QueueState', description: 'Subtasks by account' },
);

const DatabaseState = Type.Object(
  {
    version: Type.String({ description: 'PostgreSQL version.', examples: ['18.4'] }),
    is_embedded: Type.Boolean({ examples: [true] }),
    started_at: moment('Start of the PostgreSQL server'),
    size: bytes('Size on disk, bytes.'),
    connections: count('Open connections, including those of this request.'),
    tables: Type.Array(
      Type.Object({
        name: Type.String({ examples: ['result_row'] }),
        size: bytes('Size including indexes, bytes.'),
        rows: Type.Integer({ description: 'Estimated number of rows.', examples: [1000] }),
      }),
      { description: 'The largest tables.' },
    ),
  },
  { title: 'DatabaseState', description: 'The database' },
);

export const System = Type.Object(
  {
    version: Type.String({ description: 'Chela version.', examples: ['0.1.0'] }),
    node_version: Type.String({ examples: ['v24.0.0'] }),
    sandbox: Type.String({
      description: 'Kind of sandbox configured for this process.',
      examples: ['bubblewrap'],
    }),
    hostname: Type.String({ description: 'Host name of the answering API process.', examples: ['chela-1'] }),
    operating_system: Type.String({ examples: ['linux x64'] }),
    processors: Type.Integer({ examples: [2] }),
    memory: bytes('Memory of the host, bytes.'),
    used_memory: bytes('Memory used by the answering process, bytes.'),
    started_at: moment('Start of the answering process'),
    runners: Type.Array(RunnerState),
    queue: QueueState,
    database: DatabaseState,
    disks: Type.Array(
      Type.Object({
        folder: enumeration(['data', 'cache'], { examples: ['data'] }),
        path: Type.String({ examples: ['/var/lib/chela'] }),
        total: bytes('Size of the file system, bytes.'),
        free: bytes('Free space of the file system, bytes.'),
      }),
    ),
    jobs: Type.Array(
      Type.Object({
        kind: Type.String({ examples: ['deliver-callbacks'] }),
        waiting: count('Jobs that are due but not started.'),
        later: count('Jobs scheduled for later.'),
        active: count('Jobs in progress.'),
      }),
      { description: 'Background jobs.' },
    ),
    events: Type.Array(
      Type.Object({
        event: Type.String({ examples: ['internal:failed'] }),
        work: Type.String({
          description: 'Name of the background work that failed; empty for other events.',
          examples: ['apply-retention'],
        }),
        count: count('Number of occurrences.'),
      }),
      { description: 'Events of the answering process since its start.' },
    ),
  },
  { title: 'System', description: 'The installation' },
);
export type System = Answer<typeof System>;
