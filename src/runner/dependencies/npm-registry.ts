/** Looks up the versions of a package in the npm registry that npm's configuration on this host names. */
import type { AllowedTargets } from '../../addresses/addresses.ts';
import { findNpm, readNpmSettings } from './npm-settings.ts';
import { RegistryClient } from './registry-client.ts';

const documentLimitBytes = 64 * 1024 * 1024;
const timeLimitMilliseconds = 60_000;
const shortDocument = 'application/vnd.npm.install-v1+json, application/json;q=0.8';

export class NpmRegistry {
  readonly #allowed: AllowedTargets;

  /** @param allowed addresses that are allowed although they are not public */
  constructor(allowed: AllowedTargets) {
    this.#allowed = allowed;
  }

  /**
   * @param name of a package without a scope
   * @returns all published versions, in the registry's order
   * @throws Error if the registry has no such package, or does not answer
   */
  async versions(name: string, signal: AbortSignal): Promise<string[]> {
    const access = await readNpmSettings(await findNpm());
    const { registry } = access;
    const client = new RegistryClient({ access, registries: [registry], allowed: this.#allowed });
    try {
      const end = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMilliseconds)]);
      const { response } = await client.get(new URL(name, registry), { accept: shortDocument }, end);
      if (response.statusCode !== 200) {
        response.destroy();
        throw new Error(`${new URL(registry).host} answered ${response.statusCode} for ${name}`);
      }
      const { versions = {} } = JSON.parse(await textOf(response)) as { versions?: Record<string, unknown> };
      return Object.keys(versions);
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(
        `the versions of ${name} could not be read from the npm registry: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    } finally {
      client.close();
    }
  }
}

async function textOf(answer: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += chunk.length;
    if (bytes > documentLimitBytes) throw new Error('its answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
