/** Worker packages made in memory, and their publication. They need no dependency and no SDK. */
import type { TestPlatform } from '../support/test-platform.ts';
import { hostileZip } from '../workers/hostile-zip.ts';
import { ask } from './checked-answer.ts';

export const plainSchema = {
  description: 'Any input.',
  properties: [
    { title: 'Word', name: 'word', type: 'string', editor: 'input', description: 'A word.', required: false },
  ],
};

/** @param files by path; undefined omits a default file */
export function packageZip(files: Readonly<Record<string, string | undefined>> = {}): Buffer {
  const all = {
    'main.js': "console.log('done');\n",
    'input_schema.json': JSON.stringify(plainSchema),
    'README.md': '# A worker\n',
    ...files,
  };
  return hostileZip(
    Object.entries(all).flatMap(([name, data]) => (data === undefined ? [] : [{ name, data }])),
  );
}

/** @param zip undefined for a form without a file */
export function uploadForm(
  zip: Uint8Array | undefined,
  fields: Readonly<Record<string, string>> = {},
): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (zip !== undefined) form.append('scraper_file', new Blob([Uint8Array.from(zip)]), 'package.zip');
  return form;
}

/** Publishes a new worker. @returns its slug */
export async function publishWorker(
  platform: TestPlatform,
  title: string,
  options: { key?: string; files?: Readonly<Record<string, string | undefined>>; description?: string } = {},
): Promise<string> {
  const { key, files, description = '' } = options;
  const body = uploadForm(packageZip(files), { title, description });
  const answer = await ask<{ slug: string }>(platform, '/workers', { key, body });
  if (answer.code !== 0) throw new Error(`${answer.message} ${answer.details?.join('; ') ?? ''}`);
  return answer.data.slug;
}

/** Publishes a worker in the store. */
export async function makePublic(platform: TestPlatform, slug: string): Promise<void> {
  await platform.platform.database.pool.query('UPDATE worker SET is_public = true WHERE slug = $1', [slug]);
}

/** Starts runs that stay `ready` if no runner exists. @returns their slugs, oldest first */
export async function startRuns(
  platform: TestPlatform,
  workerId: string,
  count: number,
  key?: string,
): Promise<string[]> {
  const slugs: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const answer = await ask<{ run_slug: string }>(platform, `/workers/${workerId}/runs`, {
      key,
      body: { input: { parameters: { custom: { word: String(index) } } } },
    });
    if (answer.code !== 0) throw new Error(answer.message);
    slugs.push(answer.data.run_slug);
  }
  return slugs;
}
