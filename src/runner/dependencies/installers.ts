/** Chooses how dependencies are installed: in a sandbox, if the configured kind isolates. */
import type { Config } from '../../configuration/configuration.ts';
import { FencedInstaller, type FencedInstallerServices } from './fenced-installer.ts';
import { HostInstaller } from './host-installer.ts';
import type { Installer } from './installer.ts';
import { createSandbox } from '../sandboxes/sandboxes.ts';

export function createInstaller(config: Config, services: FencedInstallerServices): Installer {
  switch (config.sandbox) {
    case 'bubblewrap':
    case 'docker':
      return new FencedInstaller(createSandbox({ ...config, warmSandboxes: 0 }), config, services);
    case 'process':
      return new HostInstaller(config, {
        reader: services.reader,
        notice: 'installing without a sandbox (CHELA_SANDBOX=process)',
      });
    default:
      return config.sandbox satisfies never;
  }
}
