/** The Docker Engine: the way to it, what keeps us from it, and what it says of a container. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Docker from 'dockerode';
import { OneAtATime } from '../../services/one-at-a-time.ts';

export interface EngineAddress {
  /** `unix:///PATH` or `tcp://HOST:PORT` */
  readonly dockerHost: string;
  /** Folder with ca.pem, cert.pem and key.pem; empty without TLS. */
  readonly dockerCertDir: string;
}

/**
 * Nothing here is read from the environment: dockerode would fill in what is left out.
 * @throws Error for an address of another kind
 */
export function connectEngine({ dockerHost, dockerCertDir }: EngineAddress): Docker {
  const { protocol, hostname = '', port, pathname = '' } = URL.parse(dockerHost) ?? {};
  if (protocol === 'unix:' ? pathname === '' : protocol !== 'tcp:' || hostname === '') {
    throw new Error(`DOCKER_HOST must be unix:///PATH or tcp://HOST:PORT, got "${dockerHost}"`);
  }
  if (protocol === 'unix:') return new Docker({ host: undefined, socketPath: pathname, protocol: 'http' });
  const address = { socketPath: undefined, host: hostname, port: Number(port || 2375) };
  if (dockerCertDir === '') return new Docker({ ...address, protocol: 'http' });
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) =>
    readFileSync(path.join(dockerCertDir, name)),
  );
  return new Docker({ ...address, protocol: 'https', ca, cert, key });
}

/** What errors on the way to the engine mean for an operator. */
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

/** Lets a request fail where the container has ended or is gone, which is what it was for. */
export function unlessGone(error: unknown): void {
  const { statusCode } = error as EngineError;
  if (statusCode !== 404 && statusCode !== 409 && statusCode !== 304) throw error;
}

/** What a container uses; nothing once it has ended. */
export interface ContainerUse {
  /** Memory that cannot be taken back: without the copies of files that the kernel keeps while there is room, but with files in memory. */
  readonly memoryBytes: number;
  /** Processor time so far. */
  readonly cpuSeconds: number;
}

/** @throws Error where the engine is away */
async function useOf(container: Docker.Container): Promise<ContainerUse> {
  const stats = await container.stats({ stream: false, 'one-shot': true }).catch(unlessGone);
  if (stats === undefined) return { memoryBytes: 0, cpuSeconds: 0 };
  const { memory_stats: memory, cpu_stats: cpu } = stats as Partial<typeof stats>;
  // The same figures under the two versions of cgroups.
  const figures = (memory?.stats ?? {}) as unknown as Record<string, number | undefined>;
  const names = ['active_anon', 'inactive_anon', 'unevictable'];
  return {
    memoryBytes: names.reduce((sum, name) => sum + (figures[`total_${name}`] ?? figures[name] ?? 0), 0),
    cpuSeconds: (cpu?.cpu_usage?.total_usage ?? 0) / 1e9,
  };
}

/** Looks at what a container uses; who asks while a look is under way gets its answer. */
export function watchUse(container: Docker.Container): () => Promise<ContainerUse> {
  const looks = new OneAtATime(() => useOf(container));
  return () => looks.run();
}
