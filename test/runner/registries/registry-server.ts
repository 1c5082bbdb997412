/** A loopback package registry for npm and pip: its packages come from tests, and it records requests. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

export interface RegistryRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
}

export class RegistryServer {
  readonly #server: Server;
  readonly #answers = new Map<string, { type: string; content: string | Buffer }>();
  readonly #versions = new Map<string, Record<string, object>>();
  readonly requests: RegistryRequest[] = [];
  /** The host that its files are said to be on, instead of this one. */
  fileOrigin: string | undefined;
  /** The only accepted `Authorization`. */
  authorization: string | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      const { method = '', url = '', headers } = request;
      this.requests.push({ method, url, authorization: headers.authorization });
      const answer = this.#answers.get(decodeURIComponent(url));
      if (this.authorization !== undefined && headers.authorization !== this.authorization)
        response.writeHead(401).end('{}');
      else if (answer === undefined || method !== 'GET') response.writeHead(404).end('{}');
      else response.writeHead(200, { 'content-type': answer.type }).end(answer.content);
    });
  }

  static async start(): Promise<RegistryServer> {
    const server = createServer();
    const registry = new RegistryServer(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get origin(): string {
    return `http://${this.host}`;
  }

  /** How often a file was downloaded. */
  fetched(name: string): number {
    return this.requests.filter(({ url }) => url.endsWith(`/${name}`)).length;
  }

  /** Publishes a version of an npm package; `name` may have a scope. */
  async addNpm(
    name: string,
    files: Record<string, string>,
    manifest: object = {},
    version = '1.0.0',
  ): Promise<string> {
    const packageJson = { name, version, ...manifest };
    const content = await packed('package', { ...files, 'package.json': JSON.stringify(packageJson) });
    const fileName = `${name.split('/').at(-1)}-${version}.tgz`;
    const integrity = `sha512-${createHash('sha512').update(content).digest('base64')}`;
    const tarball = `${this.fileOrigin ?? this.origin}/npm/${name}/-/${fileName}`;
    const hasInstallScript = 'scripts' in manifest;
    const versions = this.#versions.get(name) ?? {};
    this.#versions.set(name, versions);
    versions[version] = { ...packageJson, hasInstallScript, dist: { tarball, integrity } };
    const document = { name, 'dist-tags': { latest: version }, versions };
    this.#answers.set(`/npm/${name}`, { type: 'application/json', content: JSON.stringify(document) });
    this.addFile(`/npm/${name}/-/${fileName}`, content);
    return integrity;
  }

  /** Publishes a Python source distribution that builds itself with `backend.py`. */
  async addSource(name: string, backend: string): Promise<void> {
    const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0.0\n`;
    const settings = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n';
    const content = await packed(`${name}-1.0.0`, {
      'PKG-INFO': metadata,
      'pyproject.toml': settings,
      'backend.py': backend,
    });
    this.#addIndexed(name, `${name}-1.0.0.tar.gz`, content);
  }

  /** Publishes a wheel of one module. */
  async addWheel(name: string, module: string, version = '1.0.0'): Promise<void> {
    const folder = await mkdtemp(path.join(tmpdir(), 'chela-wheel-'));
    const file = path.join(folder, `${name}-${version}-py3-none-any.whl`);
    const values = [file, name, module, version].map((value) => JSON.stringify(value)).join(', ');
    const script = `${wheelScript}\nwrite(${values})`;
    await promisify(execFile)('python3', ['-c', script]);
    this.#addIndexed(name, path.basename(file), await readFile(file));
    await rm(folder, { recursive: true });
  }

  addFile(url: string, content: Buffer): void {
    this.#answers.set(url, { type: 'application/octet-stream', content });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #addIndexed(name: string, fileName: string, content: Buffer): void {
    const digest = createHash('sha256').update(content).digest('hex');
    const href = `${this.fileOrigin ?? '../..'}/files/${fileName}#sha256=${digest}`;
    const url = `/simple/${name}/`;
    const before = this.#answers.get(url)?.content ?? '<!DOCTYPE html><html><body>';
    const page = `${String(before)}<a href="${href}">${fileName}</a><br/>`;
    this.#answers.set(url, { type: 'text/html', content: page });
    this.addFile(`/files/${fileName}`, content);
  }
}

/** Python code that writes a wheel; for tests, and for packages that build themselves. */
export const wheelScript = `
import zipfile
def write(file, name, module, version='1.0.0'):
    with zipfile.ZipFile(file, 'w') as wheel:
        info = name + '-' + version + '.dist-info/'
        wheel.writestr(name + '.py', module)
        wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: ' + name + '\\nVersion: ' + version + '\\n')
        wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr(info + 'RECORD', '')
`;

async function packed(top: string, files: Record<string, string>): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'chela-pack-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, top, name)), { recursive: true });
    await writeFile(path.join(folder, top, name), text);
  }
  const { stdout } = await promisify(execFile)('tar', ['-C', folder, '-cz', top], {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
  });
  await rm(folder, { recursive: true });
  return stdout;
}
