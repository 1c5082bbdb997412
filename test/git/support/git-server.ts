/** Git repositories served over loopback HTTP by git's own server program, and commits made in them. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const authorOptions = [
  '-c',
  'user.name=Author',
  '-c',
  'user.email=author@example.com',
  '-c',
  'core.hooksPath=/dev/null',
];

export interface GitServer {
  readonly host: string;
  /** Of a repository. */
  url(name: string): string;
  /** Commits files and the effect of `change`, in a repository that is created if missing. @returns the commit */
  commit(name: string, files: Record<string, string>, options?: CommitOptions): Promise<string>;
  git(name: string, ...argv: string[]): Promise<string>;
  /** Requests so far: method, path, credentials. */
  readonly requests: readonly { url: string; authorization: string | undefined }[];
  /** From now on this password is required. */
  password: string | undefined;
  /** From now on requests are redirected there. */
  redirect: string | undefined;
  close(): Promise<void>;
}

export interface CommitOptions {
  readonly message?: string;
  readonly change?: (folder: string) => Promise<void>;
}

/** Speaks CGI with `git http-backend`. */
async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_COUNT: '2',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      GIT_CONFIG_KEY_1: 'uploadpack.allowAnySHA1InWant',
      GIT_CONFIG_VALUE_1: 'true',
      PATH_INFO: pathname,
      QUERY_STRING: searchParams.toString(),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  backend.stdin.on('error', () => undefined);
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  for await (const chunk of backend.stdout) chunks.push(chunk as Buffer);
  const output = Buffer.concat(chunks);
  const end = output.indexOf('\r\n\r\n');
  for (const line of output.toString('latin1', 0, end).split('\r\n')) {
    const [name = '', value = ''] = line.split(/:\s*(.*)/s);
    if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(output.subarray(end + 4));
}

export async function startGitServer(): Promise<GitServer> {
  const root = await mkdtemp(path.join(tmpdir(), 'chela-git-'));
  const requests: { url: string; authorization: string | undefined }[] = [];
  const state = { password: undefined as string | undefined, redirect: undefined as string | undefined };
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    requests.push({ url: request.url ?? '', authorization });
    const sent = Buffer.from(authorization?.replace(/^Basic /, '') ?? '', 'base64').toString();
    if (state.redirect !== undefined) {
      response.writeHead(302, { location: `${state.redirect}${request.url}` }).end();
    } else if (state.password !== undefined && !sent.endsWith(`:${state.password}`)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    } else {
      answer(root, request, response).catch(() => response.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const git = async (name: string, ...argv: string[]): Promise<string> =>
    (await run('git', [...authorOptions, '-C', path.join(root, name), ...argv])).stdout.trim();
  return Object.assign(state, {
    host,
    requests,
    git,
    url: (name: string) => `http://${host}/${name}`,
    commit: async (name: string, files: Record<string, string>, options: CommitOptions = {}) => {
      const folder = path.join(root, name);
      await mkdir(folder, { recursive: true });
      await run('git', ['init', '--quiet', '--initial-branch=main', folder]);
      for (const [file, content] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
        await writeFile(path.join(folder, file), content);
      }
      await options.change?.(folder);
      await git(name, 'add', '--all');
      await git(name, 'commit', '--quiet', '--allow-empty', '-m', options.message ?? 'A commit');
      return git(name, 'rev-parse', 'HEAD');
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await rm(root, { recursive: true, force: true });
    },
  });
}
