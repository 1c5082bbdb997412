/**
 * Installations of dependencies that have begun and not ended. If the runner of one is gone, it died during the
 * installation. A version for which that happens twice is set aside: runners no longer install it on their own.
 */
import type { Database } from '../database/database.ts';

/** Once may be a coincidence, such as a machine failure or another installation at the same time. */
const maxCrashes = 2;

const setAsideMessage =
  'installing the dependencies of this version crashed the runner twice, so Chela no longer tries: upload a changed version, or install the dependencies again';

/** SQL: whether the runner of an unfinished installation is gone. */
const isCrash = 'NOT EXISTS (SELECT FROM runner WHERE runner.id = unfinished_install.runner_id)';

/** The version was set aside. */
export class InstallSetAsideError extends Error {
  override name = 'InstallSetAsideError';

  constructor() {
    super(setAsideMessage);
  }
}

export class UnfinishedInstalls {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Records the start of an installation, before anything in the package is read.
   * @returns its key; undefined if the version is gone
   * @throws InstallSetAsideError after recording it for the version's author
   */
  async begin(versionId: number, runnerId: number): Promise<number | undefined> {
    const begun = await this.#database.transaction(async (client) => {
      // Serializes runners that begin at the same time.
      await client.query('SELECT FROM worker_version WHERE id = $1 FOR NO KEY UPDATE', [versionId]);
      const crashes = await client.query<{ count: number }>(
        `SELECT count(*) AS count FROM unfinished_install WHERE worker_version_id = $1 AND ${isCrash}`,
        [versionId],
      );
      if ((crashes.rows[0]?.count ?? 0) >= maxCrashes) return { isSetAside: true };
      const { rows } = await client.query<{ id: number }>(
        `INSERT INTO unfinished_install (worker_version_id, runner_id)
         SELECT id, $2 FROM worker_version WHERE id = $1 RETURNING id`,
        [versionId, runnerId],
      );
      return { isSetAside: false, id: rows[0]?.id };
    });
    if (!begun.isSetAside) return begun.id;
    await this.#setAside([versionId]);
    throw new InstallSetAsideError();
  }

  /**
   * Removes an installation that ended without crashing its runner.
   * @param isComplete whether it ran to its end, which means that it did not cause earlier crashes
   */
  async end(id: number, { isComplete }: { isComplete: boolean }): Promise<void> {
    await this.#database.pool.query(
      `WITH ended AS (DELETE FROM unfinished_install WHERE id = $1 RETURNING worker_version_id)
       DELETE FROM unfinished_install USING ended
       WHERE $2::boolean AND unfinished_install.worker_version_id = ended.worker_version_id AND ${isCrash}`,
      [id, isComplete],
    );
  }

  /** Removes the installations of a runner that was asked to stop: being interrupted is not a crash. */
  async forgetRunner(runnerId: number): Promise<void> {
    await this.#database.pool.query('DELETE FROM unfinished_install WHERE runner_id = $1', [runnerId]);
  }

  /** Queues versions again whose installation ended with its runner, or sets them aside. */
  async settle(): Promise<void> {
    const { rows } = await this.#database.pool.query<{ id: number }>(
      `SELECT worker_version_id AS id FROM unfinished_install WHERE ${isCrash}
       GROUP BY worker_version_id HAVING count(*) >= $1`,
      [maxCrashes],
    );
    await this.#setAside(rows.map(({ id }) => id));
    await this.#database.pool.query(
      `UPDATE dependency_install
       SET status = 'waiting', attempt = attempt + 1, err_msg = '', started_at = NULL, finished_at = NULL
       WHERE status = 'installing' AND worker_version_id IN
         (SELECT worker_version_id FROM unfinished_install GROUP BY worker_version_id HAVING bool_and(${isCrash}))`,
    );
  }

  /** Records it for the versions' authors, as a new attempt, so that nothing is added by an older one. */
  async #setAside(versionIds: readonly number[]): Promise<void> {
    await this.#database.pool.query(
      `INSERT INTO dependency_install (worker_version_id, status, err_msg, finished_at)
       SELECT id, 'failed', $2, now() FROM worker_version WHERE id = ANY($1)
       ON CONFLICT (worker_version_id) DO UPDATE
       SET status = 'failed', err_msg = $2, attempt = dependency_install.attempt + 1, finished_at = now()
       WHERE dependency_install.status <> 'failed' OR dependency_install.err_msg <> $2`,
      [versionIds, setAsideMessage],
    );
  }
}
