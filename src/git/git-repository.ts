/** Access to a remote repository: resolves a ref to a commit, and checks out the files of a commit. */
import { mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { invalidArgument } from '../errors.ts';
import { Periodic } from '../services/periodic.ts';
import { quoted } from '../workers/workers.ts';
import { GitError, type GitProcess } from './git-process.ts';

const commitForm = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
const sizeCheckMilliseconds = 200;
const maxSubjectLength = 200;

export interface RepositoryLimits {
  /** Size of the fetched objects, as packed by git. */
  readonly fetchedBytes: number;
  /** Size of the files that are checked out. */
  readonly unpackedBytes: number;
  readonly files: number;
}

export interface Checkout {
  /** Folder of the files on the host. */
  readonly folder: string;
  /** Subject line of the commit's message. */
  readonly subject: string;
}

async function packedBytes(repository: string): Promise<number> {
  const packs = path.join(repository, '.git', 'objects', 'pack');
  const names = await readdir(packs).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) =>
      stat(path.join(packs, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

export class GitRepository {
  readonly #git: GitProcess;
  readonly #url: string;
  readonly #folder: string;
  readonly #limits: RepositoryLimits;
  readonly #onTooLarge: () => void;

  /**
   * @param options.folder empty folder that `git` works in
   * @param options.onTooLarge must end the running `git`
   */
  constructor(
    git: GitProcess,
    options: { url: string; folder: string; limits: RepositoryLimits; onTooLarge: () => void },
  ) {
    this.#git = git;
    this.#url = options.url;
    this.#folder = options.folder;
    this.#limits = options.limits;
    this.#onTooLarge = options.onTooLarge;
  }

  /**
   * Resolves a branch, a tag or the default branch to a commit. A full commit id resolves to itself.
   * @param ref already checked; empty for the default branch
   * @throws ChelaError INVALID_ARGUMENT if it does not exist
   */
  async commitOf(ref: string): Promise<string> {
    if (commitForm.test(ref)) return ref;
    const names =
      ref === '' ? ['HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}^{}`, `refs/tags/${ref}`, ref];
    const listed = await this.#git.run('ls-remote', '--quiet', '--', this.#url, ...names);
    const commits = new Map(
      listed
        .split('\n')
        .map((line) => line.split('\t'))
        .map(([commit = '', name = '']) => [name, commit]),
    );
    const commit = names.map((name) => commits.get(name)).find((found) => found !== undefined);
    if (commit !== undefined && commitForm.test(commit)) return commit;
    throw invalidArgument(
      ref === ''
        ? 'the repository has no default branch: set git_ref'
        : `the repository has no branch or tag ${quoted(ref)}: to use a commit, give all 40 digits`,
    );
  }

  /**
   * Fetches a commit and checks out a folder of it. The files never exceed the limits, whatever they unpack to.
   * @param folder already checked; empty for the root
   */
  async checkOut(commit: string, folder: string): Promise<Checkout> {
    await mkdir(path.join(this.#folder, 'repository'));
    await this.#inside('init', '--quiet', '--template=');
    await this.#fetch(commit);
    await this.#checkTree(commit, folder);
    await this.#inside(
      '--literal-pathspecs',
      'checkout',
      '--quiet',
      commit,
      '--',
      folder === '' ? '.' : folder,
    );
    const subject = (await this.#inside('log', '-1', '--format=%s', commit))
      .replaceAll(/[\p{Cc}]+/gu, ' ')
      .trim();
    return {
      folder: path.join(this.#folder, 'repository', folder),
      subject: subject.slice(0, maxSubjectLength).toWellFormed(),
    };
  }

  async #inside(...argv: string[]): Promise<string> {
    return this.#git.run('-C', 'repository', ...argv);
  }

  async #fetch(commit: string): Promise<void> {
    const repository = path.join(this.#folder, 'repository');
    const looks = new Periodic({
      intervalMilliseconds: sizeCheckMilliseconds,
      work: async () => {
        if ((await packedBytes(repository)) > this.#limits.fetchedBytes) this.#onTooLarge();
      },
      onError: () => {
        // The size is checked again after the fetch.
      },
    });
    looks.start();
    const shared = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', '--no-auto-gc'];
    try {
      await this.#inside(...shared, '--depth=1', '--', this.#url, commit).catch(async (error: unknown) => {
        // Some servers do not serve single commits, and some no shallow fetches. In that case fetch all branches and
        // tags.
        if (!(error instanceof GitError)) throw error;
        const all = ['+refs/heads/*:refs/fetched/heads/*', '+refs/tags/*:refs/fetched/tags/*'];
        await this.#inside(...shared, '--', this.#url, ...all);
      });
    } finally {
      await looks.stop();
    }
    if ((await packedBytes(repository)) > this.#limits.fetchedBytes) throw tooLarge(this.#limits);
    await this.#inside('cat-file', '-e', `${commit}^{commit}`).catch((error: unknown) => {
      if (!(error instanceof GitError)) throw error;
      throw invalidArgument(`the repository has no commit ${commit}`);
    });
  }

  async #checkTree(commit: string, folder: string): Promise<void> {
    if (folder !== '') {
      const entry = await this.#inside('--literal-pathspecs', 'ls-tree', commit, '--', folder);
      if (!entry.startsWith('040000 tree '))
        throw invalidArgument(`the repository has no folder ${quoted(folder)}`);
    }
    const tree = folder === '' ? commit : `${commit}:${folder}`;
    const entries = (await this.#inside('ls-tree', '-r', '-l', '-z', tree)).split('\0').slice(0, -1);
    const bytes = entries.reduce((sum, entry) => sum + (Number(entry.split(/\s+/)[3]) || 0), 0);
    if (entries.length > this.#limits.files)
      throw invalidArgument(`the package has more than ${this.#limits.files} files`);
    if (bytes > this.#limits.unpackedBytes)
      throw invalidArgument(`the files of the package are larger than ${this.#limits.unpackedBytes} bytes`);
  }
}

export function tooLarge({ fetchedBytes }: RepositoryLimits): Error {
  return invalidArgument(`the repository is larger than the limit of ${fetchedBytes} bytes`);
}
