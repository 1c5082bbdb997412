/**
 * A `/tmp` in memory that several sandboxes share. It is in its own mount namespace, in which these sandboxes start,
 * because Linux does not mount a file system from the mount namespace of another sandbox. The runner keeps the
 * namespaces alive by descriptors, without a process. Sandboxes that start there see only the folder.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { SharedTmp } from '../sandbox.ts';
import type { Owner } from './work-folder.ts';

/** Prints its process id, which leads to the namespaces, and exits at the end of its standard input. */
const script = 'echo $$; exec cat >/dev/null';

/** First descriptor of the namespaces in a command that enters them. The shell can only redirect single digits. */
const firstTmpDescriptor = 7;
const [userDescriptor, mountDescriptor] = [firstTmpDescriptor, firstTmpDescriptor + 1];
/** Closes the descriptors, which programs inside must not inherit. */
const closeDescriptors = `exec ${userDescriptor}<&- ${mountDescriptor}<&-; exec "$@"`;

export interface TmpTools {
  readonly bubblewrap: string;
  readonly nsenter: string;
}

export class TmpHolder {
  readonly tmp: SharedTmp;
  #isEnded = false;

  /** Use `TmpHolder.open`. */
  constructor(tmp: SharedTmp) {
    this.tmp = tmp;
  }

  /**
   * @param folder empty host folder of the owner, on which `/tmp` is mounted in the namespace
   * @param owner user of the sandboxes
   * @throws Error with the system's reason; nothing is left running
   */
  static async open(
    { bubblewrap, nsenter }: TmpTools,
    folder: string,
    sizeBytes: number,
    owner: Owner | undefined,
  ): Promise<TmpHolder> {
    const command = [
      ['--unshare-user', '--die-with-parent', '--dev-bind', '/', '/'],
      ['--size', String(sizeBytes), '--perms', '1777', '--tmpfs', folder],
      ['--', '/bin/sh', '-c', script],
    ].flat();
    const child = spawn(bubblewrap, command, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {},
      cwd: '/',
      detached: true,
      ...owner,
    });
    await once(child, 'spawn');
    const exited = once(child, 'close');
    // It may have exited already.
    child.stdin.on('error', () => undefined);
    const printed = text(child.stderr);
    child.stdout.setEncoding('utf8');
    const [first] = await Promise.race([once(child.stdout, 'data'), once(child.stdout, 'end')]);
    const pid = Number(first);
    try {
      if (!(pid > 0)) throw new Error((await printed).trim() || 'the setup of its /tmp ended early');
      const descriptors = openNamespaces(pid);
      const enter = [
        [nsenter, `--user=/proc/self/fd/${userDescriptor}`, `--mount=/proc/self/fd/${mountDescriptor}`],
        ['--preserve-credentials', '--', '/bin/sh', '-c', closeDescriptors, 'sh'],
      ].flat();
      return new TmpHolder({ enter, descriptors, folder, owner });
    } finally {
      child.stdin.destroy();
      await exited;
    }
  }

  /** Closes the descriptors. The files remain while sandboxes use them. Idempotent. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const descriptor of this.tmp.descriptors) closeSync(descriptor);
  }
}

function openNamespaces(pid: number): [number, number] {
  const user = openSync(`/proc/${pid}/ns/user`, 'r');
  try {
    return [user, openSync(`/proc/${pid}/ns/mnt`, 'r')];
  } catch (error) {
    closeSync(user);
    throw error;
  }
}
