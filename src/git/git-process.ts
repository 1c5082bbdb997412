/** Runs git without prompts, hooks, submodules or the host's settings, connecting only to the checked addresses. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { LookupAddress } from 'node:dns';
import { isIPv6 } from 'node:net';
import type { Readable } from 'node:stream';
import type { GitUrl } from './git-url.ts';

const errorLines = 6;
const complaintLength = 4000;
const outputLimitBytes = 64 * 1024 * 1024;

/** The error output of git, without secrets. */
export class GitError extends Error {
  override name = 'GitError';
}

export interface GitAccess {
  readonly url: GitUrl;
  /** The only addresses that git may connect to. */
  readonly addresses: readonly LookupAddress[];
  readonly user: string;
  /** `''` for none. */
  readonly password: string;
  /** Path of the operator's key for ssh. */
  readonly sshKeyFile: string;
  readonly knownHostsFile: string;
}

/** Quotes a word for the shell that git runs its ssh command with. */
function shellWord(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function sshCommand({ url, addresses, sshKeyFile, knownHostsFile }: GitAccess): string {
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=accept-new',
    `UserKnownHostsFile=${knownHostsFile}`,
    `HostName=${addresses[0]?.address ?? ''}`,
    `HostKeyAlias=${url.host}`,
    'ClearAllForwardings=yes',
    'PermitLocalCommand=no',
    'ProxyCommand=none',
    'ConnectTimeout=20',
  ];
  const words = ['ssh', '-F', '/dev/null', '-i', sshKeyFile, ...options.flatMap((option) => ['-o', option])];
  return words.map(shellWord).join(' ');
}

function settingsOf({ url, addresses, user, password }: GitAccess): [string, string][] {
  const pinned = addresses.map(({ address }) => (isIPv6(address) ? `[${address}]` : address)).join(',');
  const settings: [string, string][] = [
    ['http.followRedirects', 'false'],
    ['http.curloptResolve', `${url.host}:${url.port}:${pinned}`],
    ['http.lowSpeedLimit', '1000'],
    ['http.lowSpeedTime', '30'],
    ['credential.helper', ''],
    ['core.hooksPath', '/dev/null'],
    ['core.fsmonitor', 'false'],
    ['core.symlinks', 'true'],
    ['core.autocrlf', 'false'],
    ['fetch.recurseSubmodules', 'false'],
    ['submodule.recurse', 'false'],
    ['fetch.fsckObjects', 'true'],
    // Accept flaws of old tools that are still found in hosted repositories.
    ...['zeroPaddedFilemode', 'badTimezone', 'missingSpaceBeforeDate'].map((fault): [string, string] => [
      `fetch.fsck.${fault}`,
      'ignore',
    ]),
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
    ['advice.detachedHead', 'false'],
    ['init.defaultBranch', 'main'],
  ];
  if (url.scheme !== 'ssh' && (user !== '' || password !== '')) {
    const basic = Buffer.from(`${user === '' ? 'git' : user}:${password}`).toString('base64');
    settings.push([`http.${url.url}.extraHeader`, `Authorization: Basic ${basic}`]);
  }
  return settings;
}

/**
 * The environment of all git processes of one access. It passes the settings, because other users can see command
 * lines.
 */
function environmentOf(access: GitAccess, home: string): Record<string, string> {
  const kept = ['PATH', 'GIT_SSL_CAINFO', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'CURL_CA_BUNDLE'];
  const proxies = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTPS_PROXY', 'NO_PROXY'];
  const found = [...kept, ...proxies].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const settings = settingsOf(access);
  return {
    ...Object.fromEntries(found),
    HOME: home,
    LANG: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_ALLOW_PROTOCOL: access.url.scheme,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS: '',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_SSH_COMMAND: sshCommand(access),
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

/**
 * Older versions ignore the given addresses and resolve the host again.
 * @param version as `git version` prints it
 */
export function keepsToAddresses(version: string): boolean {
  const [, major = '0', minor = '0'] = /\bversion (\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 37);
}

/** The end of the error output, which may be long. */
async function tailOf(stream: Readable): Promise<string> {
  let tail = '';
  for await (const text of stream.setEncoding('utf8') as AsyncIterable<string>)
    tail = (tail + text).slice(-complaintLength);
  return tail.toWellFormed();
}

export class GitProcess {
  readonly #folder: string;
  readonly #environment: Record<string, string>;
  readonly #secrets: readonly string[];
  readonly #signal: AbortSignal;

  /**
   * @param folder working directory and home
   * @param signal kills the process and its descendants
   */
  constructor(access: GitAccess, folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#environment = environmentOf(access, folder);
    const { user, password } = access;
    const basic = Buffer.from(`${user === '' ? 'git' : user}:${password}`).toString('base64');
    this.#secrets = password === '' ? [] : [password, encodeURIComponent(password), basic];
    this.#signal = signal;
  }

  /** @returns the output @throws GitError with the end of the error output, or the signal's reason */
  async run(...argv: string[]): Promise<string> {
    this.#signal.throwIfAborted();
    const child = spawn('git', argv, {
      cwd: this.#folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const kill = (): void => {
      try {
        // The whole process group, because git starts helpers for network access.
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has already ended.
      }
    };
    this.#signal.addEventListener('abort', kill, { once: true });
    try {
      const [output, complaint, [exitCode]] = await Promise.all([
        this.#read(child.stdout, kill),
        tailOf(child.stderr),
        once(child, 'exit') as Promise<[number | null]>,
      ]).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        throw new GitError('git is not installed on the API host: apt-get install git');
      });
      this.#signal.throwIfAborted();
      if (exitCode !== 0) throw new GitError(this.#explained(complaint));
      return output;
    } finally {
      this.#signal.removeEventListener('abort', kill);
    }
  }

  /** The whole output, with a limit that no valid package reaches: nested trees can list files without end. */
  async #read(stream: Readable, kill: () => void): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > outputLimitBytes) {
        kill();
        throw new GitError('it has too many branches, tags or files');
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #explained(complaint: string): string {
    let shown = complaint
      .split(/[\r\n]+/)
      .map((line) => line.trim().replace(/^(?:fatal|error|remote):\s*/i, ''))
      .filter((line) => line !== '')
      .slice(-errorLines)
      .join('; ')
      .replaceAll(/[\p{Cc}]/gu, ' ');
    if (/could not read (?:Username|Password)|Authentication failed|Permission denied \(/.test(shown))
      return 'it does not exist, or the credentials are wrong or missing: set git_token';
    for (const secret of this.#secrets) shown = shown.replaceAll(secret, '***');
    return shown === '' ? 'git failed without an error message' : shown;
  }
}
