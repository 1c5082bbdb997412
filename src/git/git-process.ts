/** Runs git: without prompts, hooks, submodules and the host's own settings, and only to the addresses that were checked. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { LookupAddress } from 'node:dns';
import { isIPv6 } from 'node:net';
import type { Readable } from 'node:stream';
import type { GitUrl } from './git-url.ts';

const errorLines = 6;
const complaintLength = 4000;
const outputLimitBytes = 64 * 1024 * 1024;

/** What git says when it fails, without secrets. */
export class GitError extends Error {
  override name = 'GitError';
}

export interface GitAccess {
  readonly url: GitUrl;
  /** The only addresses that are connected to. */
  readonly addresses: readonly LookupAddress[];
  readonly user: string;
  /** `''` for none. */
  readonly password: string;
  /** Of the operator's key, for ssh. */
  readonly sshKeyFile: string;
  readonly knownHostsFile: string;
}

/** A word of the shell that git hands its ssh command to. */
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
    // What programs long gone wrote, and hosts still serve.
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

/** The environment of every git of one access; settings go by it, since command lines are visible to every user. */
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
 * Older versions ignore which addresses they are told to connect to, and would ask for them once more.
 * @param version as `git version` prints it
 */
export function keepsToAddresses(version: string): boolean {
  const [, major = '0', minor = '0'] = /\bversion (\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 37);
}

/** The end of what it says; a server may have much to say. */
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
   * @param folder where it works, and its home
   * @param signal kills what runs, with all it started
   */
  constructor(access: GitAccess, folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#environment = environmentOf(access, folder);
    const { user, password } = access;
    const basic = Buffer.from(`${user === '' ? 'git' : user}:${password}`).toString('base64');
    this.#secrets = password === '' ? [] : [password, encodeURIComponent(password), basic];
    this.#signal = signal;
  }

  /** @returns what it printed @throws GitError with the end of what it said, or the signal's reason */
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
        // The whole group: git has others speak to the network.
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Ended already.
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
        throw new GitError('git is not installed where the API runs: apt-get install git');
      });
      this.#signal.throwIfAborted();
      if (exitCode !== 0) throw new GitError(this.#explained(complaint));
      return output;
    } finally {
      this.#signal.removeEventListener('abort', kill);
    }
  }

  /** The whole text, unless it is more than any package makes git print: trees within trees may name files without end. */
  async #read(stream: Readable, kill: () => void): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > outputLimitBytes) {
        kill();
        throw new GitError('it names more branches, tags or files than can be looked at');
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
      return 'it is not there, or wants other credentials: name a token by git_token';
    for (const secret of this.#secrets) shown = shown.replaceAll(secret, '***');
    return shown === '' ? 'git failed without a word' : shown;
  }
}
