/** The part of a platform that serves the API. */
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../configuration/configuration.ts';
import { signingSecret } from '../database/installation.ts';
import { GitImports } from '../git/git-import.ts';
import { ApiServer, SignedLinks, buildApp, type ApiContext } from '../http/app.ts';
import { componentLogger } from '../logging/logger.ts';
import { RunHosts } from '../egress/egress.ts';
import { Logs, RunProgressWatch } from '../logs/logs.ts';
import { QueueItems } from '../runs/queue-items.ts';
import { Statistics } from '../statistics/statistics.ts';
import { System } from '../system/system.ts';
import { version } from '../version.ts';
import type { Domain } from './domain.ts';

export function makeApiServer(config: Config, domain: Domain, logger: Logger): ApiServer {
  const { host, port } = config;
  const build: ConstructorParameters<typeof ApiServer>[0]['build'] = async (closing) =>
    buildApp(await contextOf(config, domain, closing), componentLogger(logger, 'http'));
  return new ApiServer({ host, port, build });
}

async function contextOf(config: Config, domain: Domain, closing: AbortSignal): Promise<ApiContext> {
  const { database, jobs, eventCounts, workers, packages, runs } = domain;
  return {
    ...domain,
    config,
    version,
    gitImports: new GitImports({ workers, packages, config }),
    queueItems: new QueueItems({ database, runs, config }),
    logs: new Logs(database),
    runProgress: new RunProgressWatch(database, domain.events),
    runHosts: new RunHosts(database),
    statistics: new Statistics(database),
    system: new System({ database, jobs, eventCounts, config }),
    links: new SignedLinks(await signingSecret(database), config.linkLifetimeSeconds),
    closing,
    baseUrl: (request) => config.publicUrl || requestBaseUrl(request),
  };
}

function requestBaseUrl(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`;
}
