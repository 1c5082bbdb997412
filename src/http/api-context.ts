/** The app and the services that operations use. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Accounts, PasswordRecovery } from '../accounts/accounts.ts';
import type { Callbacks } from '../callbacks/callbacks.ts';
import type { Config } from '../configuration/configuration.ts';
import type { RunHosts } from '../egress/egress.ts';
import type { Events } from '../events/events.ts';
import type { Files } from '../files/files.ts';
import type { GitImports } from '../git/git-import.ts';
import type { Logs, RunProgressWatch } from '../logs/logs.ts';
import type { MetricsPath, PageAnswer } from '../metrics/metrics-page.ts';
import type { AnsweredRequest } from '../metrics/request-meter.ts';
import type { Exports } from '../results/exports.ts';
import type { Results } from '../results/results.ts';
import type { RunRemoval } from '../retention/retention.ts';
import type { QueueItems } from '../runs/queue-items.ts';
import type { Runs } from '../runs/runs.ts';
import type { Statistics } from '../statistics/statistics.ts';
import type { Stores } from '../stores/stores.ts';
import type { Readiness } from '../system/readiness.ts';
import type { System } from '../system/system.ts';
import type { Tasks } from '../tasks/tasks.ts';
import type { PackageCache, Workers } from '../workers/workers.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { SignedLinks } from './signed-links.ts';

/** Services that operations use. */
export interface ApiContext {
  readonly config: Config;
  readonly version: string;
  readonly accounts: Accounts;
  readonly recovery: PasswordRecovery;
  readonly workers: Workers;
  readonly gitImports: GitImports;
  readonly packages: PackageCache;
  readonly runs: Runs;
  readonly queueItems: QueueItems;
  readonly runHosts: RunHosts;
  readonly tasks: Tasks;
  readonly callbacks: Callbacks;
  readonly results: Results;
  readonly exports: Exports;
  readonly files: Files;
  readonly removal: RunRemoval;
  readonly stores: Stores;
  readonly events: Events;
  readonly logs: Logs;
  readonly runProgress: RunProgressWatch;
  readonly statistics: Statistics;
  readonly system: System;
  readonly links: SignedLinks;
  readonly readiness: Readiness;
  /** Undefined if requests are not traced. */
  readonly tracing: Tracing | undefined;
  /** Called with each answered request, if requests are metered. */
  readonly onAnswered: ((request: AnsweredRequest) => void) | undefined;
  /** Answers `/metrics` and `/metrics/queue`; undefined if this port has no metrics. */
  readonly metricsPage:
    | ((path: MetricsPath, authorization: string | undefined) => Promise<PageAnswer>)
    | undefined;
  /** Aborted when the server starts to stop, so that waiting requests are answered. */
  readonly closing: AbortSignal;
  /** Prefix of links in an answer. */
  readonly baseUrl: (request: FastifyRequest) => string;
}

export type ApiApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
