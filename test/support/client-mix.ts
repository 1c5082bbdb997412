/** Many clients that use every operation at once, in an order drawn from a seed. */
import type { TestPlatform } from './test-platform.ts';

interface Mixer {
  readonly platform: TestPlatform;
  readonly worker: string;
  /** The runs that this client started, newest last. */
  readonly runs: string[];
  readonly tasks: string[];
  readonly queueRefs: string[];
  readonly pick: (count: number) => number;
}

type Step = (mixer: Mixer) => Promise<number>;

function seededPick(state: number): (count: number) => number {
  let current = state;
  return (count) => {
    current = (Math.imul(current, 1_664_525) + 1_013_904_223) >>> 0;
    return current % count;
  };
}

const input = { parameters: { custom: { word: 'mixed' } } };

async function get(mixer: Mixer, path: string): Promise<number> {
  return (await mixer.platform.call(path)).status;
}

async function post(mixer: Mixer, path: string, body: unknown = {}): Promise<number> {
  return (await mixer.platform.call(path, { method: 'POST', body })).status;
}

async function start({ platform, worker, runs }: Mixer, isAsync: boolean): Promise<number> {
  const body = { input, is_async: isAsync };
  const answer = await platform.call<{ run_slug: string }>(`/workers/${worker}/runs`, { body });
  if (answer.code === 0) runs.push(answer.data.run_slug);
  return answer.status;
}

function ofRun(suffix: string): Step {
  return (mixer) => get(mixer, `/worker-runs/${mixer.runs.at(-1) ?? 'last'}${suffix}`);
}

async function createTask({ platform, worker, tasks }: Mixer): Promise<number> {
  const body = { worker_id: worker, title: 'Mixed', input };
  const answer = await platform.call<{ slug: string }>('/worker-tasks', { body });
  if (answer.code === 0) tasks.push(answer.data.slug);
  return answer.status;
}

async function hold({ platform, worker, queueRefs }: Mixer): Promise<number> {
  const answer = await platform.call<{ queue_ref: string }>(`/workers/${worker}/queued-runs`, {
    body: { input },
  });
  if (answer.code === 0) queueRefs.push(answer.data.queue_ref);
  return answer.status;
}

const steps: readonly Step[] = [
  (mixer) => start(mixer, true),
  (mixer) => start(mixer, true),
  (mixer) => start(mixer, false),
  ofRun(''),
  ofRun('/log'),
  ofRun('/result'),
  (mixer) => get(mixer, `/workers/${mixer.worker}/runs/last`),
  (mixer) => get(mixer, `/workers/${mixer.worker}/runs/last/result`),
  (mixer) => get(mixer, '/worker-runs/last'),
  (mixer) => get(mixer, '/worker-runs?limit=100'),
  (mixer) => get(mixer, `/workers/${mixer.worker}`),
  (mixer) => get(mixer, '/workers'),
  (mixer) => get(mixer, '/store'),
  (mixer) => get(mixer, '/users/account'),
  (mixer) => get(mixer, '/worker-tasks'),
  (mixer) => get(mixer, '/run-queue/items'),
  (mixer) => post(mixer, `/workers/${mixer.worker}/runs/last/rerun`),
  (mixer) => post(mixer, `/worker-runs/${mixer.runs.at(-1) ?? 'last'}/abort`),
  createTask,
  (mixer) => post(mixer, `/worker-tasks/${mixer.tasks.at(-1) ?? 'none'}/runs`),
  async ({ platform, tasks }) => {
    const path = `/worker-tasks/${tasks.pop() ?? 'none'}`;
    return (await platform.call(path, { method: 'DELETE' })).status;
  },
  hold,
  (mixer) => post(mixer, '/run-queue/items/activate', { queue_refs: mixer.queueRefs.splice(0) }),
  (mixer) => post(mixer, '/run-queue/items/release', { queue_refs: mixer.queueRefs.splice(0) }),
];

export interface MixOptions {
  readonly clients: number;
  /** Whether a client continues after that many steps. */
  readonly goesOn: (steps: number) => boolean;
}

/** Runs the clients. @returns how often each HTTP status was returned */
export async function mixClients(
  platform: TestPlatform,
  worker: string,
  { clients, goesOn }: MixOptions,
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  async function client(seed: number): Promise<void> {
    const mixer: Mixer = { platform, worker, runs: [], tasks: [], queueRefs: [], pick: seededPick(seed) };
    for (let count = 0; goesOn(count); count += 1) {
      const status = await steps[mixer.pick(steps.length)]?.(mixer);
      if (status !== undefined) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index * 7919 + 1)));
  return statuses;
}
