/** The writable copy of a package that one subtask runs in. */
import { constants } from 'node:fs';
import { chmod, copyFile, lchown, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import path from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Creates a folder that only its owner can enter. */
export async function makePrivateFolder(folder: string, owner: Owner | undefined): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  if (owner !== undefined) await lchown(folder, owner.uid, owner.gid);
}

/**
 * Copies the contents of `source` to the existing folder `target`, sharing blocks if the file system can. The copies are
 * writable for their owner and keep their execute bits.
 * @param owner of the copies; the current user if omitted
 * @param except names in the top folder to leave out
 */
export async function copyPackage(
  source: string,
  target: string,
  owner: Owner | undefined,
  except: ReadonlySet<string> = new Set(),
): Promise<void> {
  const entries = await readdir(source, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      if (except.has(entry.name)) return;
      const from = path.join(source, entry.name);
      const to = path.join(target, entry.name);
      if (entry.isDirectory()) {
        await makePrivateFolder(to, owner);
        await copyPackage(from, to, owner);
      } else if (entry.isSymbolicLink()) {
        await symlink(await readlink(from), to);
        if (owner !== undefined) await lchown(to, owner.uid, owner.gid);
      } else if (entry.isFile()) {
        const [{ mode }] = await Promise.all([lstat(from), copyFile(from, to, constants.COPYFILE_FICLONE)]);
        const wantedMode = (mode & 0o777) | 0o600;
        // Rarely needed: the copy has its source's mode, and unpacking sets suitable modes.
        if ((mode & 0o7777) !== wantedMode) await chmod(to, wantedMode);
        if (owner !== undefined) await lchown(to, owner.uid, owner.gid);
      }
    }),
  );
}
