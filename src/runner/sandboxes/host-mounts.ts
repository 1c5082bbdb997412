/** What of the host a sandbox shows. */
import { existsSync, realpathSync } from 'node:fs';

export interface HostMount {
  readonly from: string;
  readonly to: string;
}

/** The paths that exist on the host, with what they lead to. */
export function hostMounts(paths: readonly string[]): HostMount[] {
  return paths.filter((row) => existsSync(row)).map((row) => ({ from: realpathSync(row), to: row }));
}
