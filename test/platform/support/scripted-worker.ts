/** A worker whose code comes with the input of each run, so that a test decides what the worker does. */
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { thirdPartyWorkerFolder } from '../../fixtures/third-party-worker.ts';
import type { TestClient } from '../../support/test-client.ts';

/** The public SDK and its dependencies, the same as the third-party worker's: they are installed once for both. */
const sdkFiles = ['sdk.js', 'sdk_pb.js', 'sdk_grpc_pb.js', 'package.json', 'package-lock.json'];

const entry = `'use strict';
const sdk = require('./sdk');
const AsyncFunction = (async () => {}).constructor;
sdk.parameter
  .getInputJSONObject()
  .then((input) => new AsyncFunction('sdk', 'input', 'require', input.script)(sdk, input, require))
  .then(
    () => process.exit(0),
    (error) => {
      console.error(error.stack);
      process.exit(1);
    },
  );
`;

const inputSchema = {
  concurrency: { fields: ['items'] },
  properties: [
    {
      name: 'script',
      title: 'Script',
      type: 'string',
      editor: 'textarea',
      description: 'Body of an async function.',
    },
    {
      name: 'items',
      title: 'Items',
      type: 'array',
      editor: 'stringList',
      description: 'One subtask for each.',
    },
  ],
};

/** Writes the package into a folder. */
export async function writeScriptedWorker(
  folder: string,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  await Promise.all(
    sdkFiles.map(async (name) => copyFile(path.join(thirdPartyWorkerFolder, name), path.join(folder, name))),
  );
  const written = {
    'main.js': entry,
    'input_schema.json': JSON.stringify(inputSchema),
    'README.md': '# Scripted worker',
    ...files,
  };
  for (const [name, content] of Object.entries(written)) await writeFile(path.join(folder, name), content);
}

/**
 * Publishes the worker. Its input: `script`, the body of an async function with `sdk`, `input` and `require`, and
 * `items`, one subtask for each (`input.items` is then a list of one).
 * @param files additional files, or replacements for the worker's own
 * @returns its slug
 */
export async function publishScriptedWorker(
  client: TestClient,
  title: string,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-worker-'));
  try {
    await writeScriptedWorker(folder, files);
    return await client.publish(folder, title);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Keeps a worker running until it is stopped. */
export const runForever = 'await new Promise(() => setInterval(() => {}, 1000));';
