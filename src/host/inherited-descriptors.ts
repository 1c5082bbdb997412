/**
 * File descriptors that this process inherited, such as the lock of a shell script. Programs started by the platform
 * must not get them, and a sandbox would keep them open in its first process.
 */
import { spawn } from 'node:child_process';
import { closeSync, readdirSync, readFileSync } from 'node:fs';

const closeOnExec = 0o2000000;
const lastStandardDescriptor = 2;

/**
 * Descriptors that child processes of this process would inherit, besides the standard ones. Node opens files with
 * close-on-exec, and at its start it also sets that flag on inherited descriptors up to the first gap from 16 upwards.
 * Linux only; empty elsewhere.
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
      // The descriptor of the directory listing, which is closed by now.
      return false;
    }
  });
}

function closeIfOpen(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error;
  }
}

/** Ignores signals to the process group, and ends with this process, which closes its standard input. */
const holder = 'trap "" HUP INT TERM; read end';

/**
 * Closes the inherited descriptors in this process. Call it before anything else is opened. A lock on one of them, or a
 * pipe that signals the end of this process, must last as long as this process, so an idle shell keeps them open until
 * then. Node cannot set close-on-exec on a descriptor.
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
  // A descriptor that was open for a moment only, such as of a file that Node reads in a thread, is not inherited.
  const open = new Set(inheritedDescriptors());
  for (const descriptor of inherited) if (open.has(descriptor)) closeIfOpen(descriptor);
}
