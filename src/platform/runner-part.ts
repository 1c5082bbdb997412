/** The part of a platform that executes subtasks. */
import type { Logger } from 'pino';
import type { Config } from '../configuration/configuration.ts';
import { EgressLedger, HostLimiter } from '../egress/egress.ts';
import type { Events } from '../events/events.ts';
import { ScratchFolder } from '../host/scratch-folder.ts';
import { componentLogger } from '../logging/logger.ts';
import { BrowserGateway } from '../runner/browser/browser-gateway.ts';
import { CachePruner } from '../runner/cache/cache-pruner.ts';
import { CacheUse } from '../runner/cache/cache-use.ts';
import { Cgroups } from '../runner/cgroups/cgroups.ts';
import { Installations } from '../runner/dependencies/installations.ts';
import { EgressProxy } from '../runner/proxy/egress-proxy.ts';
import { MessageBudget } from '../runner/sdk/message-budget.ts';
import { Runner } from '../runner/runner.ts';
import type { Sandbox } from '../runner/sandbox.ts';
import { BubblewrapSandbox, createSandbox } from '../runner/sandboxes/sandboxes.ts';
import { serviceOf, type Service } from '../services/service.ts';
import { installDependencies } from '../workers/workers.ts';
import type { Domain } from './domain.ts';

/** Concurrent installations after uploads. Installations that runs wait for do not count. */
const installsAtOnce = 2;

export interface RunnerPart {
  readonly runner: Runner;
  /** Services that the runner and the jobs depend on, in the order of their start. */
  readonly bases: readonly Service[];
  /** Stopped before the jobs: it ends installations that only uploads wait for, and the jobs wait for those. */
  readonly installations: Installations;
}

export function makeRunnerPart(config: Config, domain: Domain, logger: Logger): RunnerPart {
  const { jobs, workers, packages, accounts, events } = domain;
  const sandbox = createSandbox(config);
  const scratch = new ScratchFolder(config.cacheDir);
  const cgroups = new Cgroups({
    isEnabled: config.cgroups === 'auto',
    events,
  });
  const cacheUse = new CacheUse();
  const installations = Installations.open(config, {
    installs: workers.installs,
    packages,
    events,
  });
  jobs.work(installDependencies, installsAtOnce, (job) => installations.install(job.data.versionId));
  const hostLimiter = new HostLimiter({ ...domain, config });
  const runner = new Runner({
    ...domain,
    config,
    usage: accounts.usage,
    installations,
    sandbox,
    cgroups,
    proxy: new EgressProxy(config),
    hostLimiter,
    browsers: config.browsers
      ? new BrowserGateway(config, new BubblewrapSandbox({ ...config, warmSandboxes: 0 }), events)
      : undefined,
    scratch,
    messages: new MessageBudget({
      messageLimitBytes: config.sdkMessageLimitBytes,
      sharedBytes: config.sdkSharedBytes,
    }),
    cacheUse,
    ledger: new EgressLedger(domain),
  });
  return {
    runner,
    installations,
    bases: [
      sandboxService(sandbox, config, componentLogger(logger, 'runner')),
      scratch,
      cgroups,
      cacheUse,
      makeCachePruner(config, cacheUse, events),
      installations,
      hostLimiter,
    ],
  };
}

/** The sandbox's resources that outlive subtasks. */
export function sandboxService(
  sandbox: Sandbox,
  { workerNetwork }: Pick<Config, 'workerNetwork'>,
  logger: Logger,
): Service {
  return serviceOf(`${sandbox.name} sandbox`, {
    start: async () => {
      if (sandbox.warning !== undefined) logger.warn(sandbox.warning);
      await sandbox.removeLeftovers();
      if (workerNetwork === 'proxy') return;
      const problem = await sandbox.networkProblem?.();
      if (problem !== undefined)
        logger.warn(`workers can reach the network only through their proxy: ${problem}`);
    },
    stop: async () => sandbox.closeWarm?.(),
  });
}

function makeCachePruner(config: Config, use: CacheUse, events: Events): CachePruner {
  const { cacheDir, cacheRetentionDays: retentionDays, cacheLimitBytes: limitBytes } = config;
  return new CachePruner({ cacheDir, retentionDays, limitBytes, use, events });
}
