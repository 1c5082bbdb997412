/** The kinds of sandbox, by the name the configuration uses. */
import type { Config } from '../config.ts';
import type { Sandbox } from './sandbox.ts';
import { BubblewrapSandbox } from './sandboxes/bubblewrap.ts';
import { DockerSandbox } from './sandboxes/docker.ts';
import { ProcessSandbox } from './sandboxes/process.ts';

export function createSandbox(config: Config): Sandbox {
  switch (config.sandbox) {
    case 'bubblewrap':
      return new BubblewrapSandbox(config);
    case 'docker':
      return new DockerSandbox(config);
    case 'process':
      return new ProcessSandbox();
    default:
      return config.sandbox satisfies never;
  }
}
