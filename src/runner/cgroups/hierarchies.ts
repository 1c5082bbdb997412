/** Finds the cgroup folders of this process: one per controller in version 1, one in version 2. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export interface Hierarchies {
  /** Folder of this process per controller, for controllers of version 1. */
  readonly versionOne: ReadonlyMap<string, string>;
  /** Folder of this process in version 2, if that is mounted. */
  readonly versionTwo: string | undefined;
}

interface Mount {
  /** Root of the mounted part of the hierarchy. */
  readonly root: string;
  readonly at: string;
  /** `cgroup` or `cgroup2`. */
  readonly type: string;
  /** Includes the controllers. */
  readonly options: readonly string[];
}

/** The kernel writes white space in paths as octal escapes. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function mountsOf(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', at = ''] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') return [];
    return [{ root: unescaped(root), at: unescaped(at), type, options: options.split(',') }];
  });
}

/** @returns undefined if the folder is not inside the mount */
function shownBy({ root, at }: Mount, folder: string): string | undefined {
  const below = path.posix.relative(root, folder);
  return below.startsWith('..') ? undefined : path.join(at, below);
}

/**
 * @param membership `/proc/self/cgroup`
 * @param mountinfo `/proc/self/mountinfo`
 */
export function parseHierarchies(membership: string, mountinfo: string): Hierarchies {
  const mounts = mountsOf(mountinfo);
  const versionOne = new Map<string, string>();
  let versionTwo: string | undefined;
  for (const line of membership.split('\n')) {
    const [, id = '', controllers = '', folder = ''] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (id === '') continue;
    const names = controllers.split(',').filter((name) => name !== '');
    if (id === '0' && names.length === 0) {
      const mount = mounts.find(({ type }) => type === 'cgroup2');
      versionTwo = mount && shownBy(mount, folder);
      continue;
    }
    for (const name of names) {
      const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(name));
      const shown = mount && shownBy(mount, folder);
      if (shown !== undefined) versionOne.set(name, shown);
    }
  }
  return { versionOne, versionTwo };
}

export async function ownHierarchies(): Promise<Hierarchies> {
  const [membership, mountinfo] = await Promise.all([
    readFile('/proc/self/cgroup', 'utf8'),
    readFile('/proc/self/mountinfo', 'utf8'),
  ]);
  return parseHierarchies(membership, mountinfo);
}
