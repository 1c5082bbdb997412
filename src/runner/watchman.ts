/** Notices runners that died, and ends or repeats what they were executing. Any process may keep watch; several may. */
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { settleSubtask, type RunServices } from '../runs/finish.ts';
import { releaseSubtask } from './claimer.ts';

/** A subtask that brought its runner down this often is not tried again. */
const mostAttempts = 3;

type WatchmanConfig = Pick<Config, 'runnerLeaseSeconds' | 'lostSubtasks'>;

interface LostSubtask {
  id: number;
  runner_id: number;
  attempt: number;
  aborting: boolean;
}

/** One look. @returns how many lost subtasks were ended or released */
export async function recoverLostSubtasks(
  services: RunServices,
  config: WatchmanConfig,
  logger: Logger,
): Promise<number> {
  const { database } = services;
  const expired = await database.pool.query<{ id: number; hostname: string; process_id: number }>(
    `DELETE FROM runner WHERE heartbeat_at < now() - make_interval(secs => $1) RETURNING id, hostname, process_id`,
    [config.runnerLeaseSeconds],
  );
  for (const runner of expired.rows)
    logger.warn({ runner }, 'a runner has not been heard of and counts as dead');
  const { rows } = await database.pool.query<LostSubtask>(
    `SELECT subtask.id, runner_id, attempt, run.status = 'aborting' AS aborting
     FROM subtask JOIN run ON run.id = subtask.run_id
     WHERE subtask.status = 'running' AND NOT EXISTS (SELECT FROM runner WHERE runner.id = subtask.runner_id)
     ORDER BY subtask.id`,
  );
  for (const lost of rows) {
    const subtask = { id: lost.id, runnerId: lost.runner_id };
    if (config.lostSubtasks === 'retry' && !lost.aborting && lost.attempt < mostAttempts) {
      await releaseSubtask(database, subtask);
    } else {
      await settleSubtask(services, subtask, {
        status: 'failed',
        errMsg: 'the runner that executed it died; start it again by a rerun',
        isLost: true,
      });
    }
  }
  return rows.length;
}

export class Watchman {
  readonly #look: () => Promise<unknown>;
  readonly #intervalMilliseconds: number;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(services: RunServices, config: WatchmanConfig, logger: Logger) {
    this.#look = () => recoverLostSubtasks(services, config, logger);
    this.#intervalMilliseconds = (config.runnerLeaseSeconds * 1000) / 3;
    this.#logger = logger;
  }

  /** Looks once, then keeps looking. */
  async start(): Promise<void> {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => void this.#lookOnce(), this.#intervalMilliseconds);
    await this.#lookOnce();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#looking;
  }

  /** A look that takes long is not joined by a second one. */
  #lookOnce(): Promise<void> {
    this.#looking ??= this.#lookAndReport().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookAndReport(): Promise<void> {
    try {
      await this.#look();
    } catch (error) {
      this.#logger.warn({ error: (error as Error).message }, 'could not look for dead runners');
    }
  }
}
