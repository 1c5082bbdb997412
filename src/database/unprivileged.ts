/**
 * PostgreSQL refuses to run as root or as a user without a name. In that case it runs in a user namespace that maps the
 * user to an ordinary one. No system user is needed, and the server can reach a folder inside a private home.
 */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/** Whether the server can run as the current user: not root, and with a name, which PostgreSQL looks up. */
function fitsServer(): boolean {
  if (process.getuid?.() === 0) return false;
  try {
    return userInfo().username !== '';
  } catch {
    // The user id has no name, for example because a container was started with it.
    return false;
  }
}

/** Id of a user that has a name on this system. */
function namedUserId(): string {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , id = '']) => /^[1-9]\d*$/.test(id));
  const [, , id] = users.find(([name]) => name === 'nobody') ?? users[0] ?? [];
  return id ?? '1000';
}

/**
 * Wraps a command line so that PostgreSQL accepts the user that it runs as.
 * @param endWithParent whether Linux ends it when this process ends
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
