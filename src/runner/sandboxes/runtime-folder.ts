/**
 * The files that all sandboxes mount: the Node binary, the starter, the first shell and a few files for `/etc`. They are
 * copied once to the cache folder, where the sandbox's unprivileged user can reach them wherever Chela is installed.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  chmod,
  copyFile,
  link,
  mkdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { networkAddresses } from '../sandbox.ts';
import { prepareCertificates, type CertificateFiles, type CertificateSettings } from './certificates.ts';

export const starterFile = fileURLToPath(new URL('node-starter.cjs', import.meta.url));
const waitingStarterFile = fileURLToPath(new URL('waiting-starter.cjs', import.meta.url));
export const nodeEntryFile = fileURLToPath(new URL('node-entry.cjs', import.meta.url));
const relayFile = fileURLToPath(new URL('container-relay.cjs', import.meta.url));

/** Fixed host names that older workers use instead of the endpoints in their environment. They resolve to loopback. */
const endpointNames = [
  'chrome-ws-inner.cafescraper.com',
  'proxy-inner.cafescraper.com',
  'chrome-ws-inner.coreclaw.com',
  'chrome-http-inner.coreclaw.com',
  'proxy-inner.coreclaw.com',
];

/** Files in the worker's `/etc`. */
const etcFiles: Readonly<Record<string, string>> = {
  passwd: 'worker:x:1000:1000:worker:/home/worker:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  group: 'worker:x:1000:\nnogroup:x:65534:\n',
  // The mapped address is for clients that look up only IPv6, which would otherwise query the name server.
  hosts: [
    '127.0.0.1 localhost worker\n',
    ...endpointNames.map((name) => `127.0.0.1 ${name}\n::ffff:127.0.0.1 ${name}\n`),
  ].join(''),
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
  'resolv.conf': 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n',
};

/** Files of `/etc` that differ in a sandbox with a network. */
const networkEtcFiles: Readonly<Record<string, string>> = {
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  'resolv.conf': `nameserver ${networkAddresses.far}\noptions timeout:2 attempts:2\n`,
};
const networkPrefix = 'network-';

export interface RuntimeFolder {
  readonly nodeBinary: string;
  /** The first program of a worker that listens for the runner. */
  readonly starter: string;
  /** The first program of a worker whose listeners the runner has already. */
  readonly waitingStarter: string;
  /** Script that turns a process into a Node worker. */
  readonly nodeEntry: string;
  /** A copy of the host's `sh` that can be executed but not read. */
  readonly executeOnlyShell: string;
  /** The first program in a container. */
  readonly relay: string;
  /** Host files by their path in the sandbox. */
  readonly etc: Readonly<Record<string, string>>;
  /** Files that differ in a sandbox with a network. */
  readonly networkEtc: Readonly<Record<string, string>>;
  readonly certificates: CertificateFiles;
}

/** Also for the owner, which is the worker's user if the runner is not root. */
const executeOnly = 0o111;

/** Creates a hard link if possible, which is free and shares memory pages with the runner; otherwise a copy. */
async function linkOrCopyBinary(source: string, target: string): Promise<void> {
  const linked = await link(source, target).then(
    () => true,
    () => false,
  );
  if (linked && ((await stat(target)).mode & 0o005) === 0o005) return;
  if (linked) await unlink(target);
  await copyFile(source, target);
  await chmod(target, 0o755);
}

/** Path and version of a program. */
async function identityOf(binary: string): Promise<(string | number)[]> {
  const { mtimeMs, size } = await stat(binary);
  return [binary, mtimeMs, size];
}

async function writeReadable(file: string, text: string): Promise<void> {
  await writeFile(file, text);
  await chmod(file, 0o644);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/**
 * Creates the folder unless it exists. Its name contains a hash of its content, so it never changes.
 * @param settings.cacheDir folder that the sandbox's user can reach
 * @throws Error if the operator's certificates cannot be used
 */
export async function prepareRuntimeFolder(settings: CertificateSettings): Promise<RuntimeFolder> {
  const { cacheDir } = settings;
  const texts = await Promise.all(
    [starterFile, waitingStarterFile, nodeEntryFile, relayFile].map(
      async (file) => [path.basename(file), await readFile(file, 'utf8')] as const,
    ),
  );
  const files = [
    ...texts,
    ...Object.entries(etcFiles),
    ...Object.entries(networkEtcFiles).map(([name, text]) => [networkPrefix + name, text] as const),
  ];
  const shell = await realpath('/bin/sh');
  const binaries = await Promise.all([process.execPath, shell].map(identityOf));
  const digest = createHash('sha256')
    .update(JSON.stringify([files, binaries]))
    .digest('hex');
  const parent = path.join(cacheDir, 'sandbox-runtime');
  const folder = path.join(
    parent,
    `node-${process.version}-${process.platform}-${process.arch}-${digest.slice(0, 16)}`,
  );
  if (!(await exists(folder))) {
    await mkdir(parent, { recursive: true });
    await chmod(parent, 0o755);
    const draft = path.join(parent, `.draft-${randomUUID()}`);
    try {
      await mkdir(draft);
      await chmod(draft, 0o755);
      await linkOrCopyBinary(process.execPath, path.join(draft, 'node'));
      await copyFile(shell, path.join(draft, 'sh'));
      await chmod(path.join(draft, 'sh'), executeOnly);
      for (const [name, text] of files) await writeReadable(path.join(draft, name), text);
      await rename(draft, folder);
    } catch (error) {
      // Another process may have been first; its folder has the same content.
      if (!(await exists(folder))) throw error;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  const placed = (names: readonly string[], prefix = ''): Record<string, string> =>
    Object.fromEntries(names.map((name) => [`/etc/${name}`, path.join(folder, prefix + name)]));
  return {
    nodeBinary: path.join(folder, 'node'),
    starter: path.join(folder, 'node-starter.cjs'),
    waitingStarter: path.join(folder, 'waiting-starter.cjs'),
    nodeEntry: path.join(folder, 'node-entry.cjs'),
    executeOnlyShell: path.join(folder, 'sh'),
    relay: path.join(folder, 'container-relay.cjs'),
    etc: placed(Object.keys(etcFiles)),
    networkEtc: placed(Object.keys(networkEtcFiles), networkPrefix),
    certificates: await prepareCertificates(settings),
  };
}
