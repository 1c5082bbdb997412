/** The cgroups of runners, as the machine shows them. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ownHierarchies } from '../../src/runner/cgroups/hierarchies.ts';

/** The folders of a runner and of all its subtasks, by the id of its process. */
export async function cgroupsOf(pid: number): Promise<string[]> {
  const { versionOne, versionTwo } = await ownHierarchies();
  const places = [
    ...versionOne.values(),
    ...(versionTwo === undefined ? [] : [versionTwo, path.dirname(versionTwo)]),
  ];
  const found = await Promise.all(places.map(async (place) => foldersOf(place, `chela-${pid}-`)));
  return found.flat().toSorted();
}

async function foldersOf(place: string, prefix: string): Promise<string[]> {
  const names = await readdir(place).catch(() => []);
  const own = names.filter((name) => name.startsWith(prefix)).map((name) => path.join(place, name));
  const below = await Promise.all(
    own.map(async (folder) => {
      const entries = await readdir(folder, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(folder, name));
    }),
  );
  return [...own, ...below.flat()];
}
