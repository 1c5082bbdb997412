/** The state of the installation. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';

const moment = (description: string) =>
  Type.Integer({ description: `${description}, Unix seconds.`, examples: [1_782_091_200] });

const bytes = (description: string) => Type.Integer({ description, examples: [1_073_741_824] });

const count = (description: string) => Type.Integer({ description, examples: [4] });

const versionText = Type.String({ description: 'Empty where it is not known.', examples: ['0.1.0'] });

export const RunnerState = Type.Object(
  {
    id: Type.Integer({ examples: [1] }),
    hostname: Type.String({ examples: ['runner-1'] }),
    process_id: Type.Integer({ examples: [4711] }),
    version: versionText,
    node_version: versionText,
    sandbox: Type.String({ description: 'Kind of sandbox.', examples: ['bubblewrap'] }),
    slots: count('Subtasks it executes at a time.'),
    running: count('Subtasks it executes now.'),
    started_at: moment('Start'),
    heartbeat_at: moment('When it was heard of last'),
    is_alive: Type.Boolean({ description: 'It was heard of in time.', examples: [true] }),
  },
  { title: 'RunnerState', description: 'A runner' },
);
export type RunnerState = Answer<typeof RunnerState>;

const QueueState = Type.Object(
  {
    waiting_subtasks: count('Subtasks that wait for a runner.'),
    running_subtasks: count('Subtasks that runners execute.'),
    oldest_waiting_since: Type.Integer({
      description:
        'When the oldest run was started that has waiting subtasks, Unix seconds; 0 where none waits.',
      examples: [0],
    }),
    accounts: Type.Array(
      Type.Object({
        name: Type.String({ examples: ['ada'] }),
        waiting_subtasks: count('Subtasks that wait.'),
        running_subtasks: count('Subtasks that are executed.'),
      }),
      { description: 'Accounts with unfinished subtasks, those with the most waiting ones first.' },
    ),
  },
  { title: 'QueueState', description: 'What waits for runners' },
);

const DatabaseState = Type.Object(
  {
    version: Type.String({ description: 'Of PostgreSQL.', examples: ['18.4'] }),
    is_embedded: Type.Boolean({ examples: [true] }),
    started_at: moment('Start of the server'),
    size: bytes('Bytes on disk.'),
    connections: count('Connections to it, those of this request too.'),
    tables: Type.Array(
      Type.Object({
        name: Type.String({ examples: ['result_row'] }),
        size: bytes('Bytes with indexes.'),
        rows: Type.Integer({ description: 'An estimate.', examples: [1000] }),
      }),
      { description: 'The largest tables.' },
    ),
  },
  { title: 'DatabaseState', description: 'The database' },
);

export const System = Type.Object(
  {
    version: Type.String({ description: 'Of Chela.', examples: ['0.1.0'] }),
    node_version: Type.String({ examples: ['v24.0.0'] }),
    sandbox: Type.String({
      description: 'Kind of sandbox that is configured here.',
      examples: ['bubblewrap'],
    }),
    hostname: Type.String({ description: 'Host of the API that answers.', examples: ['chela-1'] }),
    operating_system: Type.String({ examples: ['linux x64'] }),
    processors: Type.Integer({ examples: [2] }),
    memory: bytes('Memory of the host, bytes.'),
    used_memory: bytes('Memory of the process that answers, bytes.'),
    started_at: moment('Start of the process that answers'),
    runners: Type.Array(RunnerState),
    queue: QueueState,
    database: DatabaseState,
    disks: Type.Array(
      Type.Object({
        folder: enumeration(['data', 'cache'], { examples: ['data'] }),
        path: Type.String({ examples: ['/var/lib/chela'] }),
        total: bytes('Size of its file system, bytes.'),
        free: bytes('Free of it, bytes.'),
      }),
    ),
    jobs: Type.Array(
      Type.Object({
        kind: Type.String({ examples: ['deliver-callbacks'] }),
        waiting: count('Due, and not begun.'),
        later: count('For a later time.'),
        active: count('Being done.'),
      }),
      { description: 'Work that is done outside requests.' },
    ),
    events: Type.Array(
      Type.Object({
        event: Type.String({ examples: ['internal:failed'] }),
        work: Type.String({
          description:
            'What failed, if the event tells of a failure of work that the platform does by itself; otherwise empty.',
          examples: ['apply-retention'],
        }),
        count: count('How often it happened.'),
      }),
      { description: 'What happened in the process that answers, since its start.' },
    ),
  },
  { title: 'System', description: 'The installation' },
);
export type System = Answer<typeof System>;
