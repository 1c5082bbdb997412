/**
 * Installations of dependencies that runners began and did not end. One whose runner is gone was under way when the runner died.
 * A version of which that is true twice is set aside: no runner installs for it by itself any more.
 */
import type { Database } from '../database/database.ts';

/** Once may be chance: a machine that went down, or another installation beside it. */
const mostCrashes = 2;

const setAsideMessage =
  'installing the dependencies of this version brought the runner down twice, so it is set aside: upload a changed version, or have it installed again';

/** Whether the runner of an unfinished installation is gone. */
const isCrash = 'NOT EXISTS (SELECT FROM runner WHERE runner.id = unfinished_install.runner_id)';

/** The version's installations are not tried any more. */
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
   * Notes an installation, before anything of the package is read.
   * @returns its key; undefined if the version is gone
   * @throws InstallSetAsideError, once the record of the version says so
   */
  async begin(versionId: number, runnerId: number): Promise<number | undefined> {
    const begun = await this.#database.transaction(async (client) => {
      // Two runners that begin at once count one after the other.
      await client.query('SELECT FROM worker_version WHERE id = $1 FOR NO KEY UPDATE', [versionId]);
      const crashes = await client.query<{ count: number }>(
        `SELECT count(*) AS count FROM unfinished_install WHERE worker_version_id = $1 AND ${isCrash}`,
        [versionId],
      );
      if ((crashes.rows[0]?.count ?? 0) >= mostCrashes) return { isSetAside: true };
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
   * Removes an installation that ended without bringing its runner down.
   * @param isComplete whether it came to its end by itself: then crashes before it were none of its doing
   */
  async end(id: number, { isComplete }: { isComplete: boolean }): Promise<void> {
    await this.#database.pool.query(
      `WITH ended AS (DELETE FROM unfinished_install WHERE id = $1 RETURNING worker_version_id)
       DELETE FROM unfinished_install USING ended
       WHERE $2::boolean AND unfinished_install.worker_version_id = ended.worker_version_id AND ${isCrash}`,
      [id, isComplete],
    );
  }

  /** Removes those of a runner that was asked to stop: what is cut off from here on is no crash. */
  async forgetRunner(runnerId: number): Promise<void> {
    await this.#database.pool.query('DELETE FROM unfinished_install WHERE runner_id = $1', [runnerId]);
  }

  /** Has versions wait again whose installation ended with its runner, or sets them aside. */
  async settle(): Promise<void> {
    const { rows } = await this.#database.pool.query<{ id: number }>(
      `SELECT worker_version_id AS id FROM unfinished_install WHERE ${isCrash}
       GROUP BY worker_version_id HAVING count(*) >= $1`,
      [mostCrashes],
    );
    await this.#setAside(rows.map(({ id }) => id));
    await this.#database.pool.query(
      `UPDATE dependency_install
       SET status = 'waiting', attempt = attempt + 1, err_msg = '', started_at = NULL, finished_at = NULL
       WHERE status = 'installing' AND worker_version_id IN
         (SELECT worker_version_id FROM unfinished_install GROUP BY worker_version_id HAVING bool_and(${isCrash}))`,
    );
  }

  /** Says so in the records of versions. Whatever still adds to them is overtaken. */
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
