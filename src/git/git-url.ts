/** Parses URLs of git repositories, and checks refs and folders. */
import { invalidArgument } from '../errors.ts';
import { quoted } from '../workers/workers.ts';

const defaultPorts = { https: 443, http: 80, ssh: 22 } as const;
const maxUrlLength = 1000;
/** The same as the maximum length of a title. */
const maxNameLength = 200;
/** The short form `git@host:path`, as shown by code hosts. */
const shortForm = /^([\w.-]+)@([\w.-]+):(?!\/\/)([^\s]+)$/;
const userForm = /^[\w.-]+$/;

export interface GitUrl {
  readonly scheme: keyof typeof defaultPorts;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Without credentials; for ssh including the user, which is not secret. */
  readonly url: string;
  /** Name of the repository, without `.git`. */
  readonly name: string;
  /** Credentials in the URL; never stored. */
  readonly credentials: { readonly user: string; readonly password: string };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @throws ChelaError INVALID_ARGUMENT, without the URL, which may contain a secret */
export function parseGitUrl(text: string): GitUrl {
  const [, shortUser, shortHost, shortPath] = shortForm.exec(text) ?? [];
  const full = shortUser === undefined ? text : `ssh://${shortUser}@${shortHost}/${shortPath}`;
  const url = URL.parse(full);
  const scheme = url?.protocol.slice(0, -1);
  if (url === null || (scheme !== 'https' && scheme !== 'http' && scheme !== 'ssh') || url.hostname === '') {
    throw invalidArgument(
      'git_url must be an https or ssh URL, such as https://host/repository or git@host:path',
    );
  }
  const credentials = { user: decoded(url.username), password: decoded(url.password) };
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isPlainHost = /^[\w.:-]+$/.test(host) && !host.startsWith('-');
  if (!isPlainHost || /[\s\p{Cc}]/u.test(full) || full.length > maxUrlLength || url.pathname.length < 2)
    throw invalidArgument('git_url is not the URL of a repository');
  if (scheme === 'ssh' && credentials.user !== '' && !userForm.test(credentials.user))
    throw invalidArgument('the user in git_url may contain only letters, digits, dots and hyphens');
  url.password = '';
  if (scheme !== 'ssh') url.username = '';
  url.search = '';
  url.hash = '';
  const port = url.port === '' ? defaultPorts[scheme] : Number(url.port);
  const lastPart = decoded(url.pathname.split('/').findLast((part) => part !== '') ?? '');
  const name = lastPart
    .replace(/\.git$/, '')
    .replaceAll(/\p{Cc}/gu, ' ')
    .slice(0, maxNameLength)
    .toWellFormed();
  return { scheme, host, port, url: url.href, name, credentials };
}

/**
 * Rejects refs that git would treat as options or expressions; follows `git check-ref-format`.
 * @throws ChelaError INVALID_ARGUMENT
 */
export function checkGitRef(ref: string): void {
  const isName =
    ref.length <= 250 &&
    !/^[-/.]|[/.]$|\.\.|\/\/|\/\.|@\{|\.lock(?:\/|$)|[\s\p{Cc}~^:?*[\\]/u.test(ref) &&
    ref !== '@';
  if (!isName) throw invalidArgument(`git_ref ${quoted(ref)} is not a valid branch, tag or commit`);
}

/** @returns the folder without duplicate, leading and trailing slashes @throws ChelaError INVALID_ARGUMENT */
export function checkGitFolder(folder: string): string {
  const parts = folder.split('/').filter((part) => part !== '' && part !== '.');
  const isInside =
    folder.length <= 500 &&
    !/[\\\p{Cc}]/u.test(folder) &&
    parts.every((part) => part !== '..' && part.toLowerCase() !== '.git' && !part.startsWith('-'));
  if (!isInside) throw invalidArgument(`git_folder ${quoted(folder)} must be a folder within the repository`);
  return parts.join('/');
}
