/** The parts of the host that a sandbox mounts. */
import { existsSync, realpathSync } from 'node:fs';

export interface HostMount {
  readonly from: string;
  readonly to: string;
}

/** The paths that exist on the host, with links resolved. */
export function hostMounts(paths: readonly string[]): HostMount[] {
  return paths.filter((to) => existsSync(to)).map((to) => ({ from: realpathSync(to), to }));
}
