/**
 * Fuzzes every operation of the API with valid and invalid requests from its OpenAPI document. No answer may be a 500
 * or violate the document. `npm run fuzz`; `npm run fuzz -- --short` is the seeded run in CI.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { readConfig } from '../src/configuration/configuration.ts';
import { openDatabase, Platform } from '../src/platform/platform.ts';
import { publishBundledWorkers } from '../src/workers/bundled-workers.ts';
import { preparePython } from '../test/support/python-environment.ts';

const { values: flags } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    'max-examples': { type: 'string' },
  },
});
const maxExamples = flags['max-examples'] ?? (flags.short ? '8' : '200');

/** These stay open forever, or change permissions during the run. */
const excludedOperations = ['followWorkerRun'];

const folder = await mkdtemp(path.join(tmpdir(), 'chela-fuzz-'));
const config = {
  ...readConfig({}),
  dataDir: path.join(folder, 'data'),
  cacheDir: path.join(folder, 'cache'),
  port: 0,
  rateLimitPerMinute: 0,
  syncWaitSeconds: 1,
  logLevel: 'error' as const,
};
const logger = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));

/** Runs schemathesis against the platform. @returns its exit code */
async function fuzz(python: string, url: string, key: string): Promise<number> {
  const child = spawn(
    python,
    [
      '-m',
      'schemathesis.cli',
      'run',
      `${url}/openapi.json`,
      '--header',
      `Authorization: Bearer ${key}`,
      '--checks',
      'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance',
      '--phases',
      'examples,coverage,fuzzing',
      '--max-examples',
      maxExamples,
      '--seed',
      flags.seed,
      '--workers',
      '2',
      '--continue-on-failure',
      '--warnings',
      'off',
      '--suppress-health-check',
      'all',
      ...excludedOperations.flatMap((id) => ['--exclude-operation-id', id]),
    ],
    { stdio: 'inherit', cwd: folder },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function main(): Promise<number> {
  const python = await preparePython(path.join(import.meta.dirname, 'requirements.txt'));
  const database = await openDatabase(config, logger);
  const platform = await Platform.open({ config, logger, parts: { api: true, runner: false } }, database.url);
  try {
    const address = await platform.start();
    await publishBundledWorkers(platform);
    const account = await platform.accounts.ensure('fuzzer');
    const key = await platform.accounts.createKey(account.id, 'fuzz');
    const workerId = 'chela~hello';
    const input = { parameters: { custom: { names: ['Ada'] } } };
    await platform.runs.submit({ accountId: account.id, workerId, input, origin: 'cli' });
    return await fuzz(python, address ?? '', key);
  } finally {
    await platform.stop(0);
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
