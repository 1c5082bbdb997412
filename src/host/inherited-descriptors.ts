/**
 * Descriptors that whoever started this process left open for all it starts, such as the lock of a shell script: no program
 * that the platform starts may get them, and a sandbox would keep them in its first process.
 */
import { spawn } from 'node:child_process';
import { closeSync, readdirSync, readFileSync } from 'node:fs';

const closeOnExec = 0o2000000;
const lastStandardDescriptor = 2;

/**
 * Numbers of the descriptors that any program this process starts would get, besides the standard ones. What Node opens is
 * marked to close on exec, and so is, at its start, what it inherits up to the first gap from 16 up. Linux only: empty
 * elsewhere.
 */
export function inheritedDescriptors(): number[] {
  let listed: string[];
  try {
    listed = readdirSync('/proc/self/fdinfo');
  } catch {
    return [];
  }
  return listed.map(Number).filter((descriptor) => {
    if (descriptor <= lastStandardDescriptor) return false;
    try {
      const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
      const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '', 8);
      return (flags & closeOnExec) === 0;
    } catch {
      // The listing's own descriptor is closed by now.
      return false;
    }
  });
}

/** Ignores what ends a whole process group, and ends when this process does: then its standard input ends. */
const holder = 'trap "" HUP INT TERM; read end';

/**
 * Closes the inherited descriptors in this process. Call it before anything else is opened. A lock on one of them, or a pipe
 * whose end tells that this process has ended, has to last as long as this process: so a shell that runs nothing keeps them
 * open until then. Node has no call that marks a descriptor to close on exec.
 */
export function withholdInheritedDescriptors(): void {
  const inherited = inheritedDescriptors();
  if (inherited.length === 0) return;
  const keeper = spawn('/bin/sh', ['-c', holder, 'chela-inherited-descriptors'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
    cwd: '/',
    detached: true,
  });
  keeper.on('error', () => undefined);
  keeper.unref();
  (keeper.stdin as unknown as { unref(): void }).unref();
  for (const descriptor of inherited) closeSync(descriptor);
}
