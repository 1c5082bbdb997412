/** The Docker Engine: connecting to it, explaining its errors, and reading a container's resource use. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type Docker from 'dockerode';
import { OneAtATime } from '../../services/one-at-a-time.ts';

export interface EngineAddress {
  /** `unix:///PATH` or `tcp://HOST:PORT` */
  readonly dockerHost: string;
  /** Folder with ca.pem, cert.pem and key.pem; empty without TLS. */
  readonly dockerCertDir: string;
}

/**
 * Passes every option explicitly, because dockerode would read omitted ones from the environment. Its client is loaded only
 * here: no other kind of sandbox needs it.
 * @throws Error if the address has another form
 */
export async function connectEngine({ dockerHost, dockerCertDir }: EngineAddress): Promise<Docker> {
  const { protocol, hostname = '', port, pathname = '' } = URL.parse(dockerHost) ?? {};
  if (protocol === 'unix:' ? pathname === '' : protocol !== 'tcp:' || hostname === '') {
    throw new Error(`DOCKER_HOST must be unix:///PATH or tcp://HOST:PORT, got "${dockerHost}"`);
  }
  const { default: Client } = await import('dockerode');
  if (protocol === 'unix:') return new Client({ host: undefined, socketPath: pathname, protocol: 'http' });
  const address = { socketPath: undefined, host: hostname, port: Number(port || 2375) };
  if (dockerCertDir === '') return new Client({ ...address, protocol: 'http' });
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) =>
    readFileSync(path.join(dockerCertDir, name)),
  );
  return new Client({ ...address, protocol: 'https', ca, cert, key });
}

/** Turns an error of connecting to the engine into one that tells the operator what to do. */
export function explainEngineError(error: unknown, { dockerHost }: EngineAddress): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const remedy =
    code === 'EACCES'
      ? `this user is not allowed to use the Docker Engine at ${dockerHost}: sudo usermod -aG docker "$USER", then sign in again`
      : code === 'ENOENT' || code === 'ECONNREFUSED'
        ? `no Docker Engine answers at ${dockerHost}: start it, or set DOCKER_HOST to where it listens`
        : `the Docker Engine at ${dockerHost} answered: ${message}`;
  return new Error(remedy, { cause: error });
}

interface EngineError extends Error {
  readonly statusCode?: number;
}

/** Ignores errors because the container has ended or was removed, which the caller wanted anyway. */
export function unlessGone(error: unknown): void {
  const { statusCode } = error as EngineError;
  if (statusCode !== 404 && statusCode !== 409 && statusCode !== 304) throw error;
}

/** Resource use of a container; zero after its end. */
export interface ContainerUse {
  /** Memory that the kernel cannot reclaim: without the file cache, but with files on tmpfs. */
  readonly memoryBytes: number;
  /** Processor time used so far. */
  readonly cpuSeconds: number;
}

/** @throws Error if the engine does not answer */
async function useOf(container: Docker.Container): Promise<ContainerUse> {
  const stats = await container.stats({ stream: false, 'one-shot': true }).catch(unlessGone);
  if (stats === undefined) return { memoryBytes: 0, cpuSeconds: 0 };
  const { memory_stats: memory, cpu_stats: cpu } = stats as Partial<typeof stats>;
  // The names differ between the two versions of cgroups.
  const figures = (memory?.stats ?? {}) as unknown as Record<string, number | undefined>;
  const names = ['active_anon', 'inactive_anon', 'unevictable'];
  return {
    memoryBytes: names.reduce((sum, name) => sum + (figures[`total_${name}`] ?? figures[name] ?? 0), 0),
    cpuSeconds: (cpu?.cpu_usage?.total_usage ?? 0) / 1e9,
  };
}

/** @returns a function that measures the container's resource use; concurrent callers share one measurement */
export function watchUse(container: Docker.Container): () => Promise<ContainerUse> {
  const measurements = new OneAtATime(() => useOf(container));
  return () => measurements.run();
}
