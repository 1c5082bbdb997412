/** What Python workers expect of any machine: Python and the commands of packages on PATH, authorities, a locale. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { takeTurnsAtHostPorts } from '../support/host-ports.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { makeReachableFolder, removeFolder } from '../runner/worker-package.ts';

takeTurnsAtHostPorts();

const main = `import json, locale, shutil, ssl, subprocess, sys
def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
own = "import sys; print('%d.%d' % sys.version_info[:2], __import__('os').path.dirname(sys.executable))"
print("facts " + json.dumps({
    "pythons": sorted({run(name, "-c", own) for name in ["python", "python3", sys.executable]}),
    "command": run("tqdm", "--version"),
    "lies": shutil.which("tqdm").startswith(tuple(path for path in sys.path if path)),
    "locale": locale.setlocale(locale.LC_ALL, "").replace("utf8", "UTF-8"),
    "trusts": ssl.create_default_context().cert_store_stats()["x509_ca"] > 100,
}))
`;

describe.each(['bubblewrap', 'process'] as const)('a Python worker in a sandbox of kind %s', (sandbox) => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform({ sandbox });
  });
  afterAll(async () => platform.close());

  test('finds Python, commands of its dependencies, authorities and a locale', async () => {
    const folder = await makeReachableFolder();
    onTestFinished(async () => removeFolder(folder));
    const packageDir = path.join(folder, 'package');
    await mkdir(packageDir);
    await writeFile(path.join(packageDir, 'main.py'), main);
    await writeFile(path.join(packageDir, 'requirements.txt'), 'tqdm==4.67.1\n');
    await writeFile(path.join(packageDir, 'input_schema.json'), '{"properties": []}');
    const worker = await platform.publish(packageDir, 'Ordinary');
    const slug = await platform.runAsync(worker, {});
    expect(await platform.finished(slug)).toMatchObject({ status: 'succeeded', err_msg: '' });
    const lines = (await platform.log(slug)).map(({ content }) => content);
    const facts = lines.find((line) => line.startsWith('facts '))?.slice('facts '.length) ?? 'null';
    expect(JSON.parse(facts)).toEqual({
      pythons: [expect.any(String)],
      command: '4.67.1',
      lies: true,
      locale: expect.stringMatching(/^C\.UTF-8$/),
      trusts: true,
    });
  });
});
