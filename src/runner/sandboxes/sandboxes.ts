/** The kinds of sandbox, by their name in the configuration. */
import type { Config } from '../../configuration/configuration.ts';
import type { Sandbox } from '../sandbox.ts';
import { BubblewrapSandbox } from './bubblewrap.ts';
import { DockerSandbox } from './docker.ts';
import { ProcessSandbox } from './process.ts';

export { BubblewrapSandbox } from './bubblewrap.ts';

export function createSandbox(config: Config): Sandbox {
  switch (config.sandbox) {
    case 'bubblewrap':
      return new BubblewrapSandbox(config);
    case 'docker':
      return new DockerSandbox(config);
    case 'process':
      return new ProcessSandbox(config);
    default:
      return config.sandbox satisfies never;
  }
}
