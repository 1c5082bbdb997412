import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { SdkServer, type Answer, type SdkCall } from './sdk-server.ts';

const sdkPort = 20086;
const starter = path.join(import.meta.dirname, 'namespace-starter.cjs');

interface WorkerOptions {
  readonly input?: unknown;
  readonly environment?: Record<string, string>;
  /** Services at other ports of the worker's 127.0.0.1, by port. */
  readonly services?: Record<number, (socket: Socket) => void>;
  readonly sdkPackage?: 'coresdk' | 'cafesdk';
  readonly answer?: Answer;
}

interface WorkerRun {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Every SDK call, in the order of arrival. */
  readonly calls: readonly SdkCall[];
  /** Rows as pushed, upsert columns included. */
  readonly rows: readonly Record<string, unknown>[];
  /** `level: text`, in the order of arrival. */
  readonly logLines: readonly string[];
}

type StarterMessage =
  | { event: 'listening'; port: number }
  | { event: 'exit'; exitCode: number | null; signal: NodeJS.Signals | null };

/**
 * Runs `node main.js` of a worker to its end against a real SDK server. The worker has its own network, which
 * contains only the SDK at 127.0.0.1:20086 and the given services, so many tests can do this at the same time.
 */
export async function runWorker(folder: string, options: WorkerOptions = {}): Promise<WorkerRun> {
  const sdk = new SdkServer(
    options.sdkPackage ?? 'coresdk',
    options.input ?? {},
    options.answer ?? (() => undefined),
  );
  const services = new Map<number, (socket: Socket) => void>([[sdkPort, (socket) => sdk.accept(socket)]]);
  for (const [port, accept] of Object.entries(options.services ?? {})) services.set(Number(port), accept);

  const ports = [...services.keys()];
  const bubblewrap = [
    '--unshare-net',
    '--unshare-pid',
    '--die-with-parent',
    '--dev-bind',
    '/',
    '/',
    '--proc',
    '/proc',
  ];
  const child = spawn('bwrap', [...bubblewrap, process.execPath, starter, JSON.stringify(ports), folder], {
    env: { PATH: process.env['PATH'], ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const listeners: Server[] = [];
  let ended: { exitCode: number | null; signal: NodeJS.Signals | null } | undefined;
  child.on('message', (message: StarterMessage, listener) => {
    if (message.event === 'exit') {
      ended = message;
      return;
    }
    listeners.push((listener as Server).on('connection', services.get(message.port) ?? (() => {})));
    if (listeners.length === ports.length) child.send('start');
  });

  try {
    const { stdout: output, stderr: errors } = child;
    if (!output || !errors) throw new Error('bwrap could not be started');
    const [stdout, stderr] = await Promise.all([text(output), text(errors), once(child, 'close')]);
    if (!ended) throw new Error(`the worker did not start: ${stderr}`);
    const { calls } = sdk;
    return {
      exitCode: ended.exitCode,
      signal: ended.signal,
      stdout,
      stderr,
      calls,
      rows: calls
        .filter(({ method }) => method === 'PushData')
        .map(({ request }) => JSON.parse(request.jsonString) as Record<string, unknown>),
      logLines: calls
        .filter(({ method }) => ['Debug', 'Info', 'Warn', 'Error'].includes(method))
        .map(({ method, request }) => `${method.toLowerCase()}: ${request.log}`),
    };
  } finally {
    for (const listener of listeners) listener.close();
    sdk.close();
  }
}
