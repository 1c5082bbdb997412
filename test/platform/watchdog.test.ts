/** Platform processes whose event loop hangs, or seems to. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createTestDatabase } from '../support/test-database.ts';
import type { FreezeMode } from './support/freezing-process.ts';
import { ChelaProcess } from './support/chela-process.ts';
import { descendantsOf } from './support/processes.ts';

const freezer = pathToFileURL(path.join(import.meta.dirname, 'support', 'freezing-process.ts')).href;
/** Shorter than any operator would set, longer than any turn of the loop during the start. */
const limitSeconds = 3;

let dataDir: string;
let database: { url: string; drop: () => Promise<void> };
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'chela-test-watchdog-'));
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

interface Api {
  readonly process: ChelaProcess;
  /** Makes its event loop hang, and resolves once it does. */
  freeze: () => Promise<void>;
  isHealthy: () => Promise<boolean>;
}

/** @param within a command that starts the process and passes its exit code on */
async function startApi(
  way: FreezeMode,
  { hangLimitSeconds = limitSeconds, within = [] }: { hangLimitSeconds?: number; within?: string[] } = {},
): Promise<Api> {
  const environment = {
    CHELA_DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    CHELA_HANG_LIMIT_SECONDS: String(hangLimitSeconds),
    NODE_OPTIONS: `--import=${freezer}`,
    TEST_FREEZE: way,
  };
  const chela = new ChelaProcess(['api'], environment, ['ignore', 'pipe', 'pipe', 'pipe'], within);
  onTestFinished(async () => {
    // The command that started it may leave it behind.
    for (const { pid } of descendantsOf(chela.pid)) process.kill(pid, 'SIGKILL');
    await chela.kill();
  });
  const [, url = ''] = await chela.printed(/listening on (http:\S+)/);
  // A shell replaces itself with the command, others stay its parent.
  const inner = descendantsOf(chela.pid).find(({ command }) => /main\.(?:ts|js)/.test(command)) ?? chela;
  return {
    process: chela,
    freeze: async () => {
      process.kill(inner.pid, 'SIGUSR2');
      await chela.printed(/^frozen$/m);
    },
    isHealthy: async () => (await fetch(`${url}/health`)).ok,
  };
}

describe('an event loop that hangs longer than the limit ends its process with exit code 70', () => {
  test.each(['loop', 'expression', 'wait'] as const)('when it hangs like %s', async (way) => {
    const { process: chela, freeze } = await startApi(way);
    await freeze();
    expect(await chela.ended).toEqual({ exitCode: 70, signal: null });
    expect(chela.output).toContain(
      `chela: the event loop has not responded for ${limitSeconds} s (CHELA_HANG_LIMIT_SECONDS)`,
    );
    expect(chela.output).toMatch(/^ {4}at .*freezing-process\.ts:\d+\)$/m);
  });

  test('also as process 1 of a container, which its own signals cannot end', async () => {
    const within = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child'];
    const { process: chela, freeze } = await startApi('expression', { within });
    await freeze();
    expect(await chela.ended).toEqual({ exitCode: 70, signal: null });
  });
});

test('when it hangs outside of JavaScript, the process is killed', async () => {
  const { process: chela, freeze } = await startApi('read');
  await freeze();
  expect(await chela.ended).toEqual({ exitCode: null, signal: 'SIGKILL' });
  expect(chela.output).toContain('chela: the event loop has not responded for');
});

test('a process that was suspended longer than the limit continues', async () => {
  const { process: chela, isHealthy } = await startApi('loop');
  chela.signal('SIGSTOP');
  await delay(limitSeconds * 1000 * 1.5);
  chela.signal('SIGCONT');
  expect(await isHealthy()).toBe(true);
  chela.signal('SIGTERM');
  expect(await chela.ended).toEqual({ exitCode: 0, signal: null });
  expect(chela.output).not.toContain('event loop');
});

test('a busy loop that lets timers run now and then does not count as hanging', async () => {
  const { process: chela, freeze, isHealthy } = await startApi('busy');
  await freeze();
  await chela.printed(/not busy any more/);
  expect(await isHealthy()).toBe(true);
});

describe('while the event loop hangs', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('a second %s ends the process at once', async (signal) => {
    const { process: chela, freeze } = await startApi('expression', { hangLimitSeconds: 0 });
    await freeze();
    chela.signal(signal);
    await chela.printed(/chela: the event loop does not respond, .*; repeat to stop immediately/);
    chela.signal(signal);
    expect(await chela.ended).toEqual({ exitCode: 130, signal: null });
    expect(chela.output).toContain('chela: stopped immediately\n');
  });
});
