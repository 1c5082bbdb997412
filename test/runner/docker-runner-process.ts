/** A process that opens a docker sandbox, starts its worker and says so, to be killed. */
import type { SandboxOptions } from '../../src/runner/sandbox.ts';
import { DockerSandbox, type DockerSettings } from '../../src/runner/sandboxes/docker.ts';

process.once('message', ({ settings, options }: { settings: DockerSettings; options: SandboxOptions }) => {
  void new DockerSandbox(settings).open(options).then((worker) => {
    worker.run();
    process.send?.('running');
  });
});
