/**
 * Generates clients from the OpenAPI document with OpenAPI Generator, compiles them, and calls operations of a running
 * platform with each.
 *
 *   npm run test:clients             Go, TypeScript and Python
 *   npm run test:clients -- python   only these
 *
 * pip installs the generator into `.chela-test/` once. It needs Java; the client in Go needs Go.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
const programs = path.join(root, 'test/clients');
const tools = path.join(root, '.chela-test');
const generatorVersion = '7.26.0';
/** No tests, which need further packages, and no documents. */
const codeOnly = '--global-property=apiTests=false,modelTests=false,apiDocs=false,modelDocs=false';
const execute = promisify(execFile);

const expected = {
  last: 'Hello',
  status: 'succeeded',
  rows: 2,
  column: 'id',
  rerun: true,
  error: true,
};

interface Workplace {
  /** Folder of its own. */
  readonly folder: string;
  readonly generate: (generator: string, folder: string, ...options: string[]) => Promise<void>;
  readonly environment: NodeJS.ProcessEnv;
}

/** Each generates and compiles a client, runs its program, and returns what that printed. */
const languages: Readonly<Record<string, (place: Workplace) => Promise<string>>> = {
  async go({ folder, generate, environment }) {
    await generate('go', folder, '--git-host=example.com', '--git-user-id=chela', '--git-repo-id=client');
    await mkdir(path.join(folder, 'program'));
    await cp(path.join(programs, 'main.go'), path.join(folder, 'program/main.go'));
    await run('go', ['build', './...'], folder);
    return run('go', ['run', './program'], folder, environment);
  },
  async typescript({ folder, generate, environment }) {
    await generate(
      'typescript-fetch',
      path.join(folder, 'client'),
      '--additional-properties=importFileExtension=.js',
    );
    await cp(path.join(programs, 'main.ts'), path.join(folder, 'main.ts'));
    await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
    const options = {
      strict: true,
      target: 'es2024',
      module: 'nodenext',
      lib: ['es2024', 'dom'],
      types: ['node'],
      typeRoots: [path.join(root, 'node_modules/@types')],
      outDir: 'compiled',
    };
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
    await run(path.join(root, 'node_modules/.bin/tsc'), ['-p', folder], folder);
    return run(process.execPath, ['compiled/main.js'], folder, environment);
  },
  async python({ folder, generate, environment }) {
    await generate('python', folder, '--additional-properties=packageName=chela_client');
    const packages = path.join(folder, 'packages');
    await run(
      'python3',
      ['-m', 'pip', 'install', '--quiet', '--target', packages, '-r', 'requirements.txt'],
      folder,
    );
    await cp(path.join(programs, 'main.py'), path.join(folder, 'main.py'));
    return run('python3', ['main.py'], folder, { ...environment, PYTHONPATH: packages });
  },
};

/** @returns what the command printed. @throws Error with all of its output if it fails */
async function run(
  command: string,
  argv: readonly string[],
  folder: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  try {
    const options = { cwd: folder, env: environment, maxBuffer: 256 * 1024 * 1024 };
    return (await execute(command, argv, options)).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${argv.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** @returns the generator's jar, installed if missing */
async function generatorJar(): Promise<string> {
  const folder = path.join(tools, `openapi-generator-${generatorVersion}`);
  const jar = path.join(folder, 'openapi_generator_cli/openapi-generator.jar');
  if (existsSync(jar)) return jar;
  const wanted = `openapi-generator-cli==${generatorVersion}`;
  await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, wanted], root);
  return jar;
}

interface RunningPlatform {
  readonly environment: NodeJS.ProcessEnv;
  readonly stop: () => Promise<void>;
}

/** Starts a platform with a database of its own. Its first start runs the worker that the programs read. */
async function startPlatform(dataDir: string): Promise<RunningPlatform> {
  const key = 'key-for-generated-clients';
  const settings = { CHELA_DATA_DIR: dataDir, CHELA_PORT: '0', CHELA_API_KEY: key, CHELA_LOG_LEVEL: 'warn' };
  const chela = spawn(process.execPath, [path.join(root, 'dist/main.js'), 'up'], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(chela, 'exit');
  const stop = async (): Promise<void> => {
    chela.kill('SIGTERM');
    await ended;
  };
  for await (const line of createInterface(chela.stdout)) {
    const url = /^ {2}URL\s+(\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    chela.stdout.resume();
    return { environment: { ...process.env, CHELA_URL: url, CHELA_API_KEY: key }, stop };
  }
  throw new Error('the platform did not start');
}

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in languages));
if (unknown !== undefined) throw new Error(`${unknown} is not one of ${Object.keys(languages).join(', ')}`);
const jar = await generatorJar();
const folder = await mkdtemp(path.join(tmpdir(), 'chela-clients-'));
const platform = await startPlatform(path.join(folder, 'data'));
try {
  const document = path.join(folder, 'openapi.json');
  const response = await fetch(`${platform.environment['CHELA_URL']}/openapi.json`);
  await writeFile(document, await response.text());
  for (const [language, test] of Object.entries(languages)) {
    if (asked.length > 0 && !asked.includes(language)) continue;
    const printed = await test({
      folder: path.join(folder, language),
      generate: async (generator, target, ...options) => {
        const argv = [
          '-jar',
          jar,
          'generate',
          '-i',
          document,
          '-g',
          generator,
          '-o',
          target,
          codeOnly,
          ...options,
        ];
        await run('java', argv, folder);
      },
      environment: platform.environment,
    });
    if (!isDeepStrictEqual(JSON.parse(printed), expected))
      throw new Error(`the client in ${language} got ${printed}instead of ${JSON.stringify(expected)}`);
    process.stdout.write(`the client in ${language} works\n`);
  }
} finally {
  await platform.stop();
  await rm(folder, { recursive: true, force: true });
}
