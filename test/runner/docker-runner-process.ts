/** A process that opens a docker sandbox, starts its worker and reports it, to be killed. */
import { once } from 'node:events';
import type { SandboxOptions } from '../../src/runner/sandbox.ts';
import { DockerSandbox, type DockerSettings } from '../../src/runner/sandboxes/docker.ts';

interface Task {
  readonly settings: DockerSettings;
  readonly options: SandboxOptions;
}

const [{ settings, options }] = (await once(process, 'message')) as [Task];
const worker = await new DockerSandbox(settings).open(options);
worker.run();
process.send?.('running');
