/** Lists the versions of a worker on a running platform, and makes one of them current. */
import type { Paged } from '../answers/pages.ts';
import type { WorkerVersion } from '../answers/versions.ts';
import { apiCall, type ApiFlags } from './api-call.ts';
import { CommandError } from './command-error.ts';
import { print } from './printing.ts';

const pageSize = 100;

/** `owner/name` becomes `owner~name`. */
function workerPathOf(worker: string): string {
  return `/workers/${encodeURIComponent(worker.replace('/', '~'))}`;
}

function stateOf({ is_current: isCurrent, becomes_current: becomesCurrent, install }: WorkerVersion): string {
  const role = isCurrent ? 'current, ' : becomesCurrent ? 'becomes current once installed, ' : '';
  const reason = install.status === 'failed' ? `: ${install.err_msg}` : '';
  return `${role}${install.status === 'none' ? 'no dependencies' : install.status}${reason}`;
}

/** @throws CommandError */
export async function listVersions(worker: string, flags: ApiFlags): Promise<void> {
  const call = apiCall(flags);
  for (let page = 1; ; page += 1) {
    const answer = await call(`${workerPathOf(worker)}/versions?limit=${pageSize}&offset=${page}`);
    if (answer.code !== 0) throw new CommandError(answer.message);
    const { list } = answer.data as Paged<WorkerVersion>;
    for (const version of list) {
      const createdAt = new Date(version.created_at * 1000).toISOString();
      await print(`${version.version}  ${createdAt}  ${stateOf(version)}`);
    }
    if (list.length < pageSize) return;
  }
}

/** @throws CommandError */
export async function makeVersionCurrent(worker: string, version: string, flags: ApiFlags): Promise<void> {
  const path = `${workerPathOf(worker)}/versions/${encodeURIComponent(version)}/make-current`;
  const answer = await apiCall(flags)(path, {});
  if (answer.code !== 0) throw new CommandError(answer.message);
  const { version: name, is_current: isCurrent } = answer.data as WorkerVersion;
  await print(
    isCurrent ? `${name} is current` : `${name} becomes current once its dependencies are installed`,
  );
}
