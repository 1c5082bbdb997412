import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import type { GrpcObject, ServiceClientConstructor, ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/configuration/configuration.ts';
import { DeclarationReader } from '../../src/runner/dependencies/declaration-reader.ts';
import { HostInstaller } from '../../src/runner/dependencies/host-installer.ts';
import { NodeDependencies } from '../../src/runner/dependencies/node-dependencies.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { MessageBudget, type SubtaskBudget } from '../../src/runner/sdk/message-budget.ts';
import { SdkGateway, sdkMethods } from '../../src/runner/sdk/sdk-gateway.ts';
import type { SdkHandlers } from '../../src/runner/sdk/sdk-gateway.ts';
import {
  finish,
  firstUserId,
  makeReachableFolder,
  openWorker,
  removeFolder,
  writePackage,
} from './worker-package.ts';

const messageLimitBytes = 64 * 1024;
const packages = ['coresdk', 'cafesdk'];

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

/** Handlers that record their calls; `fail` makes the next ones reject. */
function recorder(): SdkHandlers & { calls: unknown[]; fail: string | undefined } {
  const calls: unknown[] = [];
  const record = async (...call: unknown[]): Promise<void> => {
    if (handlers.fail !== undefined) throw new Error(handlers.fail);
    calls.push(call);
  };
  const handlers = {
    calls,
    fail: undefined as string | undefined,
    input: () => '{"url":"https://example.com/ü"}',
    pushRow: async (text: string) => record('row', text),
    setHeaders: async (headers: unknown) => record('headers', headers),
    log: async (type: number, text: string) => {
      await record('log', type, text);
      return undefined;
    },
    rejected: (message: string) => calls.push(['rejected', message]),
  };
  return handlers;
}

function openBudget(): SubtaskBudget {
  return new MessageBudget({ messageLimitBytes, sharedBytes: 0 }).openSubtask();
}

async function serve(
  handlers: SdkHandlers,
  budget = openBudget(),
): Promise<{ port: number; gateway: SdkGateway }> {
  const listener = net.createServer();
  const gateway = new SdkGateway(handlers, { messageLimitBytes, budget });
  gateway.serve(listener);
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    gateway.close();
    listener.close();
  });
  return { port: (listener.address() as net.AddressInfo).port, gateway };
}

type Reply = { code: number; message?: string; jsonString?: string };
type Call = (method: string, request: object) => Promise<Reply>;

/** A client made from the .proto file, like the SDK's; `call('Result.PushData', {...})`. */
function connect(port: number, packageName: string): { call: Call; client: Client } {
  const file = fileURLToPath(new URL(`../../src/runner/sdk/protos/${packageName}.proto`, import.meta.url));
  const loaded = loadPackageDefinition(loadSync(file, { keepCase: true, defaults: true }))[
    packageName
  ] as GrpcObject;
  const address = `127.0.0.1:${port}`;
  // One connection for all services, shared with `channelOverride`.
  const client = new Client(address, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
  });
  const call: Call = async (name, request) => {
    const [service, method] = name.split('.') as [string, string];
    const stub = new (loaded[service] as ServiceClientConstructor)(address, credentials.createInsecure(), {
      channelOverride: client.getChannel(),
    });
    return new Promise((resolve, reject) => {
      const unary = stub[method] as (
        request: object,
        done: (error: ServiceError | null, reply: Reply) => void,
      ) => void;
      unary.call(stub, request, (error, reply) => (error === null ? resolve(reply) : reject(error)));
    });
  };
  return { call, client };
}

describe.each(packages)('package %s', (packageName) => {
  test('returns the input', async () => {
    const { port } = await serve(recorder());
    const { call } = connect(port, packageName);
    expect(await call('Parameter.GetInputJSONString', {})).toEqual({
      code: 0,
      jsonString: '{"url":"https://example.com/ü"}',
    });
  });

  test.each([
    ['Result.PushData', { jsonString: '{"title":"Zürich 漢字"}' }, ['row', '{"title":"Zürich 漢字"}']],
    ['Result.PushData', { jsonString: '' }, ['row', '']],
    ['Result.PushData', { jsonString: 'x'.repeat(60_000) }, ['row', 'x'.repeat(60_000)]],
    [
      'Result.SetTableHeader',
      { headers: [{ label: 'Titel', key: 'title', format: 'text' }, { key: 'url' }] },
      [
        'headers',
        [
          { label: 'Titel', key: 'title', format: 'text' },
          { label: '', key: 'url', format: '' },
        ],
      ],
    ],
    ['Result.SetTableHeader', {}, ['headers', []]],
    ['Log.Debug', { log: 'a' }, ['log', 1, 'a']],
    ['Log.Info', { log: 'b' }, ['log', 2, 'b']],
    ['Log.Warn', { log: 'c' }, ['log', 3, 'c']],
    ['Log.Error', { log: 'two\nlines' }, ['log', 4, 'two\nlines']],
  ])('%s %.40j', async (method, request, expected) => {
    const handlers = recorder();
    const { port } = await serve(handlers);
    const { call } = connect(port, packageName);
    expect(await call(method, request)).toEqual({ code: 0, message: 'success' });
    expect(handlers.calls).toEqual([expected]);
  });

  test('reports what a handler refuses with code 1 and its message, and continues', async () => {
    const handlers = recorder();
    const { port } = await serve(handlers);
    const { call } = connect(port, packageName);
    handlers.fail = 'the row is no JSON object';
    expect(await call('Result.PushData', { jsonString: '1' })).toEqual({ code: 1, message: handlers.fail });
    handlers.fail = undefined;
    expect(await call('Result.PushData', { jsonString: '{}' })).toMatchObject({ code: 0 });
  });

  test('has exactly the methods of the .proto file', () => {
    const file = fileURLToPath(new URL(`../../src/runner/sdk/protos/${packageName}.proto`, import.meta.url));
    const paths = Object.values(loadSync(file)).flatMap((definition) =>
      'format' in definition
        ? []
        : Object.values(definition).map((method) => (method as { path: string }).path),
    );
    expect(paths.toSorted()).toEqual(
      Object.keys(sdkMethods)
        .map((method) => `/${packageName}.${method}`)
        .toSorted(),
    );
  });
});

describe('large messages', () => {
  test('one over the limit gets code 1 and is logged; the connection stays open', async () => {
    const handlers = recorder();
    const { port } = await serve(handlers);
    const { call } = connect(port, 'coresdk');
    const reply = await call('Result.PushData', { jsonString: 'x'.repeat(messageLimitBytes) });
    expect(reply).toMatchObject({
      code: 1,
      message: expect.stringMatching(/Result\/PushData .*limit of 65536/),
    });
    expect(handlers.calls).toEqual([['rejected', reply.message]]);
    expect(await call('Result.PushData', { jsonString: '{}' })).toMatchObject({ code: 0 });
  });

  test('one far over the limit is answered too, and none of it is kept', async () => {
    const handlers = recorder();
    const budget = openBudget();
    const { port } = await serve(handlers, budget);
    const { call, client } = connect(port, 'coresdk');
    await call('Log.Info', { log: 'before' });
    const huge = call('Result.PushData', { jsonString: 'x'.repeat(messageLimitBytes * 40) });
    expect(await huge).toMatchObject({
      code: 1,
      message: expect.stringContaining('CHELA_SDK_MESSAGE_LIMIT_BYTES'),
    });
    expect(budget.usedBytes).toBe(0);
    expect(await call('Result.PushData', { jsonString: '{}' })).toMatchObject({ code: 0 });
    expect(client.getChannel().getConnectivityState(false)).toBe(2);
  });
});

describe('hostile clients', () => {
  const garbage: Record<string, Buffer> = {
    'random bytes': Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256)),
    'an HTTP/1 request': Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    'a broken frame after the preface': Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      Buffer.alloc(200, 0xff),
    ]),
    'a TLS greeting': Buffer.from('16030100a5010000a10303', 'hex'),
  };

  test.each(Object.entries(garbage))('%s does not affect others', async (_, bytes) => {
    const handlers = recorder();
    const { port } = await serve(handlers);
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.end(bytes);
    socket.resume();
    await once(socket, 'close');
    const { call } = connect(port, 'coresdk');
    expect(await call('Log.Info', { log: 'still here' })).toMatchObject({ code: 0 });
  });

  test.each([
    ['a length beyond the message', Buffer.from([10, 100, 1]), 'longer than the message'],
    ['an endless number', Buffer.alloc(20, 0xff), 'does not end'],
    ['an unknown wire type', Buffer.from([0x0f, 1]), 'wire type 7'],
  ])('a message with %s gets code 1', async (_, bytes, text) => {
    const { port } = await serve(recorder());
    const { client } = connect(port, 'coresdk');
    const reply = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest('/coresdk.Result/PushData', asIs, asIs, bytes, (error, value) =>
        error === null && value !== undefined ? resolve(value) : reject(error as Error),
      );
    });
    expect(reply.subarray(0, 2)).toEqual(Buffer.from([8, 1]));
    expect(reply.toString()).toContain(text);
  });

  test('unknown fields of a later SDK are ignored', async () => {
    const handlers = recorder();
    const { port } = await serve(handlers);
    const { client } = connect(port, 'coresdk');
    const later = Buffer.from([
      0x18, 0xac, 2, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x2d, 1, 2, 3, 4, 0x32, 1, 65, 10, 2, 123, 125,
    ]);
    await new Promise((resolve) => {
      client.makeUnaryRequest('/coresdk.Result/PushData', asIs, asIs, later, resolve);
    });
    expect(handlers.calls).toEqual([['row', '{}']]);
  });

  test('an unknown method is refused according to gRPC', async () => {
    const { port } = await serve(recorder());
    const { client } = connect(port, 'coresdk');
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest('/coresdk.Result/Nothing', asIs, asIs, Buffer.alloc(0), resolve);
    });
    expect(error?.code).toBe(status.UNIMPLEMENTED);
  });

  test('a request that is not gRPC is refused', async () => {
    const { port } = await serve(recorder());
    const session = http2.connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => {
      session.destroy();
    });
    const request = session.request({ ':method': 'GET', ':path': '/' });
    const [headers] = (await once(request.end(), 'response')) as [http2.IncomingHttpHeaders];
    expect(headers[':status']).toBe(415);
  });
});

test('close() ends connections with calls in flight, and may be called twice', async () => {
  const called = Promise.withResolvers<void>();
  const handlers = recorder();
  handlers.pushRow = async () => {
    called.resolve();
    return new Promise(() => {});
  };
  const { port, gateway } = await serve(handlers);
  const { call } = connect(port, 'coresdk');
  const pending = call('Result.PushData', { jsonString: '{}' });
  await called.promise;
  gateway.close();
  gateway.close();
  await expect(pending).rejects.toMatchObject({ code: expect.any(Number) });
});

test(
  'a worker with its own gRPC client reaches the gateway from inside a sandbox',
  { timeout: 300_000 },
  async () => {
    const cacheDir = await makeReachableFolder();
    onTestFinished(async () => removeFolder(cacheDir));
    const packageDir = path.join(cacheDir, 'package');
    await mkdir(packageDir);
    const sandbox = new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId });
    const files = {
      'package.json': '{"dependencies": {"@grpc/grpc-js": "1.14.0"}}',
      'main.js': `const { Client, credentials } = require('@grpc/grpc-js');
      const client = new Client('127.0.0.1:20086', credentials.createInsecure());
      const call = (path, bytes) => new Promise((resolve, reject) => client.makeUnaryRequest(
        path, (b) => b, (b) => b, bytes, (error, reply) => error ? reject(error) : resolve(reply)));
      (async () => {
        console.log(String(await call('/cafesdk.Parameter/GetInputJSONString', Buffer.alloc(0))).slice(2));
        const pushes = Array.from({ length: 50 }, (_, i) => call('/coresdk.Result/PushData', Buffer.from([10, 1, 65 + i])));
        console.log((await Promise.all(pushes)).length);
        client.close();
      })()`,
    };
    await writePackage(packageDir, files);
    const config = readConfig({});
    const reader = new DeclarationReader(config);
    const installer = new HostInstaller(config, { reader });
    const nodeModulesDir = await new NodeDependencies({ cacheDir, installer, reader }).install(
      packageDir,
      () => {},
    );
    const worker = await openWorker(sandbox, files, { nodeModulesDir });
    const handlers = recorder();
    const gateway = new SdkGateway(handlers, { messageLimitBytes, budget: openBudget() });
    gateway.serve(worker.listener(20086));
    const { exitCode, stdout, stderr } = await finish(worker);
    gateway.close();
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 0,
      stdout: `${handlers.input()}\n50\n`,
      stderr: '',
    });
    expect(handlers.calls).toHaveLength(50);
  },
);
