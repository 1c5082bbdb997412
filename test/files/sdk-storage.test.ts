/** The SDK's helpers for files and stores, in each language, against the storage gateway. */
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StorageGateway } from '../../src/runner/storage/storage-gateway.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { heldClaim } from '../support/held-claim.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const sdkFolder = path.resolve(import.meta.dirname, '../../sdk');

function ignored(): void {}

let platform: TestPlatform;
let gateway: StorageGateway;
let listener: net.Server;
let environment: NodeJS.ProcessEnv;
let folder: string;
beforeAll(async () => {
  platform = await startTestPlatform({ fileLimitBytes: 4096 }, { api: true, runner: false });
  const slug = await platform.runAsync(await publishScriptedWorker(platform, 'Scripted'), {
    script: '',
    items: ['one'],
  });
  const { files, stores, database, config } = platform.platform;
  const { rows } = await database.pool.query<{ id: number; account_id: number }>(
    'SELECT id, account_id FROM run WHERE slug = $1',
    [slug],
  );
  const { id: runId = 0, account_id: accountId = 0 } = rows[0] ?? {};
  const held = heldClaim(database, runId);
  const writer = files.writer({ id: runId }, held.claims);
  const limits = config;
  const served = { files, writer, runId, ...held, stores, accountId, limits };
  gateway = new StorageGateway({ ...served, onRefused: ignored, onFailure: ignored });
  listener = net.createServer();
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  gateway.serve(listener);
  const url = `http://127.0.0.1:${(listener.address() as net.AddressInfo).port}`;
  // A proxy that does not answer: requests to the gateway must not use it.
  const proxies = { HTTP_PROXY: 'http://127.0.0.1:9', http_proxy: 'http://127.0.0.1:9', NO_PROXY: '' };
  environment = {
    ...process.env,
    ...proxies,
    NODE_USE_ENV_PROXY: '1',
    CHELA_FILES_URL: `${url}/files`,
    CHELA_STORES_URL: `${url}/stores`,
  };
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-sdk-'));
});
afterAll(async () => {
  await gateway.close();
  listener.close();
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});

async function outputOf(program: string, argv: readonly string[], cwd = folder): Promise<unknown> {
  const { stdout } = await promisify(execFile)(program, argv, { cwd, env: environment });
  return JSON.parse(stdout);
}

const large = 100_000;
const expected = {
  reference: 'chela-file:bilder/ü 1.txt',
  content: 'grüße',
  names: ['bilder/ü 1.txt'],
  missing: null,
  refused: 'BODY_TOO_LARGE',
  deleted: [true, false],
  value: { id: 12 },
  count: 20,
  keys: ['a/ключ'],
  conflict: 'PRECONDITION_FAILED',
  badNames: Array.from({ length: 4 }, () => 'INVALID_ARGUMENT'),
};

test('Node', async () => {
  const code = `
    const { Readable } = require('node:stream');
    const { files, store } = require(${JSON.stringify(path.join(sdkFolder, 'node/sdk_storage.js'))});
    const codeOf = (promise) => promise.then(() => 'none', ({ code }) => code);
    const all = async (list, key) => { const found = []; for await (const item of list) found.push(item[key]); return found; };
    (async () => {
      const { reference } = await files.put('bilder/ü 1.txt', Readable.from(['grü', 'ße']), { contentType: 'text/plain' });
      const content = String(await files.get('bilder/ü 1.txt'));
      const names = await all(files.list('bilder/'), 'name');
      const refused = await codeOf(files.put('large', Buffer.alloc(${large})));
      const deleted = [await files.delete('bilder/ü 1.txt'), await files.delete('bilder/ü 1.txt')];
      const state = store('node');
      await state.set('a/ключ', { id: 12 });
      await Promise.all(Array.from({ length: 20 }, () => state.update('n', (n = 0) => n + 1)));
      console.log(JSON.stringify({
        reference, content, names, missing: (await files.get('absent')) ?? null, refused, deleted,
        value: await state.get('a/ключ'), count: await state.get('n'), keys: await all(state.keys('a/'), 'key'),
        conflict: await codeOf(state.set('n', 1, { isNew: true })),
        badNames: [
          await codeOf(files.put('../stores/node/n', '1')), await codeOf(store('..').set('files/n', 1)),
          await codeOf(store('a/b').set('n', 1)), await codeOf(state.delete('')),
        ],
      }));
    })();`;
  expect(await outputOf(process.execPath, ['-e', code])).toEqual(expected);
});

test('Python', async () => {
  const code = `
import io, json, sys
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, ${JSON.stringify(path.join(sdkFolder, 'python'))})
from sdk_storage import files, Store, StorageError
def code_of(work):
    try:
        work()
    except StorageError as error:
        return error.code
put = files.put("bilder/ü 1.txt", io.BytesIO("grüße".encode()), content_type="text/plain")
content, names = files.get("bilder/ü 1.txt").decode(), [file["name"] for file in files.list("bilder/")]
state = Store("python")
state.set("a/ключ", {"id": 12})
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda _: state.update("n", lambda n: (n or 0) + 1), range(20)))
print(json.dumps({
    "reference": put["reference"], "content": content, "names": names, "missing": files.get("absent"),
    "refused": code_of(lambda: files.put("large", bytes(${large}))),
    "deleted": [files.delete("bilder/ü 1.txt"), files.delete("bilder/ü 1.txt")],
    "value": state.get("a/ключ"), "count": state.get("n"), "keys": [key["key"] for key in state.keys("a/")],
    "conflict": code_of(lambda: state.set("n", 1, is_new=True)),
    "badNames": [
        code_of(lambda: files.put("../stores/python/n", b"1")), code_of(lambda: Store("..").set("files/n", 1)),
        code_of(lambda: Store("a/b").set("n", 1)), code_of(lambda: state.delete("")),
    ],
}))`;
  expect(await outputOf('python3', ['-B', '-c', code])).toEqual(expected);
});

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasGo())('Go', async () => {
  const module = path.join(folder, 'go');
  await mkdir(path.join(module, 'sdk'), { recursive: true });
  await copyFile(path.join(sdkFolder, 'go/storage.go'), path.join(module, 'sdk/storage.go'));
  await writeFile(path.join(module, 'go.mod'), 'module worker\n\ngo 1.23\n');
  await writeFile(
    path.join(module, 'main.go'),
    `package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"worker/sdk"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	file := must(sdk.PutFile("bilder/ü 1.txt", strings.NewReader("grüße"), "text/plain"))
	content := must(io.ReadAll(must(sdk.OpenFile("bilder/ü 1.txt"))))
	_, refused := sdk.PutFile("large", strings.NewReader(strings.Repeat("x", ${large})), "")
	deleted := []bool{sdk.DeleteFile(file.Name) == nil, !sdk.HasCode(sdk.DeleteFile(file.Name), "NOT_FOUND")}
	state := sdk.Store{Name: "go"}
	must(state.Set("a/ключ", map[string]int{"id": 12}))
	value := map[string]int{}
	version := must(state.Get("a/ключ", &value))
	must(state.SetIf("a/ключ", value, version))
	_, conflict := state.SetIf("a/ключ", value, version)
	absent := must(state.Get("absent", &value))
	_, upwards := sdk.PutFile("../stores/go/n", strings.NewReader("1"), "")
	_, parent := sdk.Store{Name: ".."}.Set("files/n", 1)
	_, nested := sdk.Store{Name: "a/b"}.Set("n", 1)
	badNames := []string{}
	for _, err := range []error{upwards, parent, nested, state.Delete("")} {
		var refused *sdk.StorageError
		if errors.As(err, &refused) {
			badNames = append(badNames, refused.Code)
		}
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"reference": file.Reference, "content": string(content), "refused": sdk.HasCode(refused, "BODY_TOO_LARGE"),
		"deleted": deleted, "value": value, "conflict": sdk.HasCode(conflict, "PRECONDITION_FAILED"), "absent": absent,
		"badNames": badNames,
	})
}
`,
  );
  environment = { ...environment, CGO_ENABLED: '0' };
  const { reference, content, deleted, value, badNames } = expected;
  expect(await outputOf('go', ['run', '.'], module)).toEqual({
    reference,
    content,
    deleted,
    value,
    badNames,
    refused: true,
    conflict: true,
    absent: 0,
  });
});
