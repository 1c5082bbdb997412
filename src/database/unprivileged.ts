/**
 * PostgreSQL refuses to run as root, and as a user without a name. There it runs in a user namespace where its user is mapped to
 * an ordinary one: no system user is needed, and it can reach a folder below a private home.
 */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/** Whether the server can run as the user we are: not root, and with a name, which it looks up. */
function fitsServer(): boolean {
  if (process.getuid?.() === 0) return false;
  try {
    return userInfo().username !== '';
  } catch {
    // As under an id that a container was started with.
    return false;
  }
}

/** A user that the system has a name for. */
function namedUserId(): string {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , id = '']) => /^[1-9]\d*$/.test(id));
  const [, , id] = users.find(([name]) => name === 'nobody') ?? users[0] ?? [];
  return id ?? '1000';
}

/**
 * A command line that PostgreSQL accepts as a user.
 * @param endWithParent whether Linux ends it with us
 */
export function unprivileged(
  command: string,
  argv: readonly string[],
  endWithParent: boolean,
): [string, string[]] {
  const line = [command, ...argv];
  if (process.platform !== 'linux') return [command, [...argv]];
  if (endWithParent) line.unshift('setpriv', '--pdeathsig', 'INT');
  if (!fitsServer()) {
    const id = namedUserId();
    line.unshift('unshare', '--user', `--map-user=${id}`, `--map-group=${id}`);
  }
  const [first = command, ...rest] = line;
  return [first, rest];
}
