/** The part of a platform that serves the API. */
import { isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../configuration/configuration.ts';
import { signingSecret } from '../database/installation.ts';
import { GitImports } from '../git/git-import.ts';
import { ApiServer, SignedLinks, buildApp, type ApiContext } from '../http/app.ts';
import { componentLogger } from '../logging/logger.ts';
import { RunHosts } from '../egress/egress.ts';
import { Logs, RunProgressWatch } from '../logs/logs.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { metricsAnswer } from '../metrics/metrics-page.ts';
import { QueueItems } from '../runs/queue-items.ts';
import { Statistics } from '../statistics/statistics.ts';
import type { Readiness } from '../system/readiness.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { version } from '../version.ts';
import type { Domain } from './domain.ts';

export interface MonitoringParts {
  readonly readiness: Readiness;
  readonly metrics: Metrics | undefined;
  readonly tracing: Tracing | undefined;
}

export function makeApiServer(
  config: Config,
  domain: Domain,
  monitoring: MonitoringParts,
  logger: Logger,
): ApiServer {
  const { host, port } = config;
  const build: ConstructorParameters<typeof ApiServer>[0]['build'] = async (closing) =>
    buildApp(await contextOf(config, domain, monitoring, closing), componentLogger(logger, 'http'));
  return new ApiServer({ host, port, build });
}

async function contextOf(
  config: Config,
  domain: Domain,
  { readiness, metrics, tracing }: MonitoringParts,
  closing: AbortSignal,
): Promise<ApiContext> {
  const { database, workers, packages, runs } = domain;
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
    links: new SignedLinks(await signingSecret(database), config.linkLifetimeSeconds),
    readiness,
    tracing,
    onAnswered: metrics && ((request) => metrics.answered(request)),
    metricsPage: metrics && metricsPageOf(metrics, config.metricsToken),
    closing,
    baseUrl: (request) => config.publicUrl || requestBaseUrl(request),
  };
}

/** Only with a token, because the API's port is open to the public. */
function metricsPageOf(metrics: Metrics, token: string): ApiContext['metricsPage'] {
  if (token === '') return undefined;
  return (path, authorization) => metricsAnswer(metrics, path, { token, authorization });
}

function requestBaseUrl(request: FastifyRequest): string {
  // HTTP/1.0 has no Host header.
  return `${request.protocol}://${request.host || ownAddress(request)}`;
}

/** Address of this server to which the client connected. */
function ownAddress({ socket: { localAddress = '127.0.0.1', localPort } }: FastifyRequest): string {
  return `${isIPv6(localAddress) ? `[${localAddress}]` : localAddress}:${localPort}`;
}
