/** Publishes a folder or a git repository on a running platform. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import type { PublishedVersion, WorkerVersion } from '../answers/versions.ts';
import type { WorkerPage } from '../answers/workers.ts';
import { apiCall, type Answer, type ApiFlags, type Call } from './api-call.ts';
import { withoutEnd } from '../text/text-ends.ts';
import {
  listPublishedFiles,
  workerNameFromTitle,
  zipFiles,
  type PublishedFiles,
} from '../workers/workers.ts';
import { ChelaError } from '../errors.ts';
import { CommandError } from './command-error.ts';
import { print } from './printing.ts';
import { configOf } from './settings-options.ts';

/** Maximum number of names in the summary of what is left out. */
const maxNamedLeftOut = 10;
const installPollMilliseconds = 500;

export interface PushFlags extends ApiFlags {
  readonly git?: string;
  readonly gitFolder?: string;
  readonly name?: string;
  readonly title?: string;
  readonly description?: string;
  readonly dryRun?: boolean;
  /** Wait until the version is installed. */
  readonly wait?: boolean;
}

/** Publishes a folder or a repository. @throws CommandError */
export async function push(folder: string | undefined, flags: PushFlags): Promise<void> {
  if ((folder === undefined) === (flags.git === undefined))
    throw new CommandError('give either a folder or --git with the URL of a repository');
  if (flags.dryRun === true) {
    if (folder === undefined)
      throw new CommandError('--dry-run lists the files of a folder: give the folder');
    await preview(await publishedFiles(folder));
    return;
  }
  const call = apiCall(flags);
  if (flags.git === undefined) await pushFolder(folder ?? '', flags, call);
  else await pushRepository(flags.git, flags, call);
}

/** The files of a folder to upload. @throws CommandError */
async function publishedFiles(folder: string): Promise<PublishedFiles> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new CommandError(`${folder} is not a folder`);
  const published = await listPublishedFiles(folder).catch((error: unknown) => {
    const isExpected = error instanceof ChelaError || (error instanceof Error && 'syscall' in error);
    throw isExpected ? new CommandError(`${folder} cannot be published: ${error.message}`) : error;
  });
  if (published.files.length === 0)
    throw new CommandError(`${folder} has no files to publish: ${summary(published, maxNamedLeftOut)}`);
  return published;
}

/** `3 files, 1.5 kB; left out: .env, venv/`. */
function summary({ files, leftOut }: PublishedFiles, maxNamed: number): string {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const counted = `${files.length === 1 ? '1 file' : `${files.length} files`}, ${sizeText(bytes)}`;
  if (leftOut.length === 0) return counted;
  const further =
    leftOut.length > maxNamed ? ` and ${leftOut.length - maxNamed} more (--dry-run lists them)` : '';
  return `${counted}; left out: ${leftOut.slice(0, maxNamed).join(', ')}${further}`;
}

async function preview(published: PublishedFiles): Promise<void> {
  const sizes = published.files.map(({ sizeBytes }) => sizeText(sizeBytes));
  const width = Math.max(...sizes.map((size) => size.length));
  for (const [index, { path: file }] of published.files.entries())
    await print(`${sizes[index]?.padStart(width) ?? ''}  ${file}`);
  await print(summary(published, Infinity));
}

function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

async function pushFolder(folder: string, flags: PushFlags, call: Call): Promise<void> {
  const published = await publishedFiles(folder);
  const name = flags.name ?? (await nameOfFolder(folder));
  const slug = await slugOfOwnWorker(name, call);
  const form = new FormData();
  await print(summary(published, maxNamedLeftOut));
  const zip = await buffer(zipFiles(published.files));
  form.append('scraper_file', new Blob([zip], { type: 'application/zip' }), `${name}.zip`);
  if (slug === undefined) form.append('name', name);
  if (flags.title !== undefined) form.append('title', flags.title);
  if (flags.description !== undefined) form.append('description', flags.description);
  await report(name, await call(slug === undefined ? '/workers' : `/workers/${slug}/versions`, form), {
    flags,
    call,
  });
}

/**
 * The platform reads the repository. The token of a private one comes from CHELA_GIT_TOKEN, so no process list shows
 * it.
 */
async function pushRepository(address: string, flags: PushFlags, call: Call): Promise<void> {
  const [url = '', ref = ''] = address.split(/#(.*)/s);
  const repository =
    withoutEnd(url, '/')
      .replace(/\.git$/, '')
      .split(/[/:]/)
      .at(-1) ?? '';
  const name = flags.name ?? workerNameFromTitle(flags.title ?? repository);
  const slug = await slugOfOwnWorker(name, call);
  const token = configOf({}).gitToken;
  const body = {
    git_url: url,
    ...(ref !== '' && { git_ref: ref }),
    ...(flags.gitFolder !== undefined && { git_folder: flags.gitFolder }),
    ...(token !== '' && { git_token: token }),
    ...(slug === undefined && { name }),
    ...(flags.title !== undefined && { title: flags.title }),
    ...(flags.description !== undefined && { description: flags.description }),
  };
  await report(
    name,
    await call(slug === undefined ? '/workers/git' : `/workers/${slug}/versions/git`, body),
    {
      flags,
      call,
    },
  );
}

async function report(
  name: string,
  answer: Answer,
  { flags, call }: { flags: PushFlags; call: Call },
): Promise<void> {
  if (answer.code !== 0) {
    if (answer.message === 'Script package is unchanged') {
      await print(`${name} is unchanged`);
      return;
    }
    const reasons = (answer.details ?? []).map((detail) => `\n  ${detail}`).join('');
    throw new CommandError(`${name} was refused: ${answer.message}${reasons}`);
  }
  const {
    slug,
    path: workerPath,
    version,
    warnings,
    is_current: isCurrent,
  } = answer.data as PublishedVersion;
  for (const { file, field, message } of warnings) {
    await print(`warning: ${file}${field === undefined ? '' : ` (${field})`}: ${message}`);
  }
  if (flags.wait === true) await untilInstalled(slug, version, call);
  else if (!isCurrent)
    await print(`${version} becomes current once its dependencies are installed; --wait waits for that`);
  await print(`${workerPath} ${version}`);
}

/** @throws CommandError if the dependencies cannot be installed */
async function untilInstalled(slug: string, version: string, call: Call): Promise<void> {
  for (;;) {
    const answer = await call(`/workers/${slug}/versions/${version}`);
    if (answer.code !== 0) throw new CommandError(answer.message);
    const { install } = answer.data as WorkerVersion;
    if (install.status === 'failed') {
      throw new CommandError(
        `${version} was uploaded, but its dependencies could not be installed: ${install.err_msg}`,
      );
    }
    if (install.status !== 'waiting' && install.status !== 'installing') return;
    await setTimeout(installPollMilliseconds);
  }
}

async function nameOfFolder(folder: string): Promise<string> {
  const manifest = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => undefined);
  let name: unknown;
  if (manifest !== undefined) {
    try {
      ({ name } = JSON.parse(manifest) as { name?: unknown });
    } catch {
      throw new CommandError('package.json is not valid JSON');
    }
  }
  const text = typeof name === 'string' && name !== '' ? name : path.basename(path.resolve(folder));
  return workerNameFromTitle(text.replace(/^@[^/]+\//, ''));
}

async function slugOfOwnWorker(name: string, call: Call): Promise<string | undefined> {
  for (let page = 1; ; page += 1) {
    const answer = await call(`/workers?limit=100&offset=${page}&keyword=${encodeURIComponent(name)}`);
    if (answer.code !== 0) throw new CommandError(answer.message);
    const { list } = answer.data as WorkerPage;
    const found = list.find((worker) => worker.name === name);
    if (found !== undefined || list.length < 100) return found?.slug;
  }
}
