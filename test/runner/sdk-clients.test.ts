/** The SDK endpoint, used by gRPC libraries of several languages. */
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../bundled-workers/support/temporary-folder.ts';
import { preparePython } from '../support/python-environment.ts';
import { MessageBudget } from '../../src/runner/sdk/message-budget.ts';
import { SdkGateway } from '../../src/runner/sdk/sdk-gateway.ts';

const run = promisify(execFile);
const fixtures = path.join(import.meta.dirname, '../fixtures/sdk-clients');
const folder = temporaryFolder();
const messageLimitBytes = 1024 * 1024;

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Each prepares a client, and returns its program and first arguments. */
const clients: Record<string, () => Promise<string[]>> = {
  'Node’s': async () => [process.execPath, path.join(fixtures, 'client-process.ts')],
  'Python’s': async () => [
    await preparePython(path.join(fixtures, 'requirements.txt')),
    path.join(fixtures, 'client.py'),
  ],
  'Go’s': async () => {
    const program = path.join(folder, 'client');
    const env = { ...process.env, CGO_ENABLED: '0' };
    await run('go', ['build', '-o', program, '.'], { cwd: path.join(fixtures, 'go'), env });
    return [program];
  },
};
const available = Object.entries(clients).filter(([name]) => name !== 'Go’s' || hasGo());

test.each(available)('%s library gets its responses', { timeout: 600_000 }, async (_, prepare) => {
  const [program = '', ...argv] = await prepare();
  // Hanging calls keep their room after their client has left, and the largest message needs room in addition.
  const budget = new MessageBudget({ messageLimitBytes, sharedBytes: messageLimitBytes }).openSubtask();
  const rejected: string[] = [];
  const handlers = {
    input: () => '{}',
    pushRow: async (text: string) => (text === 'hang' ? new Promise<void>(() => {}) : undefined),
    setHeaders: async () => undefined,
    log: async () => undefined,
    rejected: (message: string) => rejected.push(message),
  };
  const gateway = new SdkGateway(handlers, { messageLimitBytes, budget });
  const listener = net.createServer();
  gateway.serve(listener);
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    gateway.close();
    listener.close();
  });
  const { port } = listener.address() as net.AddressInfo;
  const { stdout } = await run(program, [...argv, String(port), String(messageLimitBytes)]);
  const refusal = expect.stringContaining('limit of 1048576 bytes (CHELA_SDK_MESSAGE_LIMIT_BYTES)');
  expect(JSON.parse(stdout)).toEqual({
    many: 300,
    metadata: { code: 0 },
    largest: { code: 0 },
    tooLarge: { code: 1, text: refusal },
    farTooLarge: { code: 1, text: refusal },
    compressed: { code: 0 },
    compressedTooLarge: { code: 1, text: refusal },
    unknown: { status: 12 },
    deadline: { status: 4 },
    cancelled: { status: 1 },
    again: { code: 0 },
  });
  expect(rejected).toHaveLength(3);
});
