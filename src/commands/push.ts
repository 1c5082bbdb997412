import type { Command } from 'commander';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { zipFolder } from '../workers/archive.ts';
import { workerNameFromTitle } from '../workers/worker-name.ts';
import { CommandError } from './command-error.ts';
import { configOf } from './settings-options.ts';

interface PushFlags {
  readonly url?: string;
  readonly key?: string;
  readonly name?: string;
  readonly title?: string;
  readonly description?: string;
}

interface Answer {
  readonly code: number;
  readonly message: string;
  readonly details?: string[];
  readonly data?: unknown;
}

interface Published {
  readonly path: string;
  readonly version: string;
  readonly warnings: { file: string; field?: string; message: string }[];
}

export function addPushCommand(program: Command): void {
  program
    .command('push')
    .argument('<folder>', 'folder of the worker package')
    .description('Publish a folder as a worker: a new one, or a further version of it.')
    .option(
      '--url <url>',
      'address of the platform (default: http://127.0.0.1:8080, or CHELA_HOST and CHELA_PORT)',
    )
    .option('--key <key>', 'API key; CHELA_API_KEY where omitted')
    .option('--name <name>', "name of the worker (default: package.json's, else the folder's)")
    .option('--title <title>', 'title of the worker')
    .option('--description <text>', 'what the worker does')
    .action(push);
}

async function push(folder: string, flags: PushFlags): Promise<void> {
  const config = configOf({});
  const baseUrl = (flags.url ?? `http://${config.host}:${config.port}`).replace(/\/+$/, '');
  const key = flags.key ?? config.apiKey;
  if (key === '') throw new CommandError('no API key: give --key or set CHELA_API_KEY');
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new CommandError(`${folder} is no folder`);

  const call = async (apiPath: string, body?: FormData): Promise<Answer> => {
    const url = `${baseUrl}/api/v2${apiPath}`;
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${key}` },
      body,
    }).catch((error: Error) => {
      throw new CommandError(
        `no answer from ${baseUrl}: is Chela running there? (${error.cause instanceof Error ? error.cause.message : error.message})`,
      );
    });
    return (await response.json()) as Answer;
  };

  const name = flags.name ?? (await nameOfFolder(folder));
  const slug = await slugOfOwnWorker(name, call);
  const form = new FormData();
  const zip = await buffer(await zipFolder(folder));
  form.append('scraper_file', new Blob([zip], { type: 'application/zip' }), `${name}.zip`);
  if (slug === undefined) form.append('name', name);
  if (flags.title !== undefined) form.append('title', flags.title);
  if (flags.description !== undefined) form.append('description', flags.description);
  const answer = await call(slug === undefined ? '/workers' : `/workers/${slug}/versions`, form);
  report(name, answer);
}

function report(name: string, answer: Answer): void {
  if (answer.code !== 0) {
    if (answer.message === 'Script package is unchanged') {
      process.stdout.write(`${name} is unchanged\n`);
      return;
    }
    const reasons = (answer.details ?? []).map((detail) => `\n  ${detail}`).join('');
    throw new CommandError(`${name} was refused: ${answer.message}${reasons}`);
  }
  const { path: workerPath, version, warnings } = answer.data as Published;
  for (const { file, field, message } of warnings) {
    process.stdout.write(`warning: ${file}${field === undefined ? '' : ` (${field})`}: ${message}\n`);
  }
  process.stdout.write(`${workerPath} ${version}\n`);
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

async function slugOfOwnWorker(
  name: string,
  call: (apiPath: string) => Promise<Answer>,
): Promise<string | undefined> {
  for (let page = 1; ; page += 1) {
    const answer = await call(`/workers?limit=100&offset=${page}&keyword=${encodeURIComponent(name)}`);
    if (answer.code !== 0) throw new CommandError(answer.message);
    const { list } = answer.data as { list: { name: string; slug: string }[] };
    const found = list.find((worker) => worker.name === name);
    if (found !== undefined || list.length < 100) return found?.slug;
  }
}
