/** Whether a process can take work: what `/ready` answers. */
import type { Database } from '../database/database.ts';
import { OneAtATime } from '../services/one-at-a-time.ts';

/** A database that takes longer counts as unavailable. */
const limitMilliseconds = 2000;

/** `starting` includes the wait for the database, `stopping` the wait for running subtasks. */
export type ProcessPhase = 'starting' | 'migrating' | 'started' | 'stopping';

export type ReadyState = 'ready' | Exclude<ProcessPhase, 'started'> | 'no_database';

export class Readiness {
  #phase: ProcessPhase = 'starting';
  #database: Database | undefined;
  readonly #asking = new OneAtATime(() => this.#ask());

  /** A process that stops stays so, even if its start ends meanwhile. */
  enter(phase: ProcessPhase): void {
    if (this.#phase !== 'stopping') this.#phase = phase;
  }

  /** After a start that failed, although its undoing stopped what had started. */
  startOver(): void {
    this.#phase = 'starting';
  }

  /** @param database that has to answer from now on */
  needs(database: Database): void {
    this.#database = database;
  }

  async state(): Promise<ReadyState> {
    if (this.#phase !== 'started') return this.#phase;
    return (await this.#databaseAnswers()) ? 'ready' : 'no_database';
  }

  async #databaseAnswers(): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(() => resolve(false), limitMilliseconds);
    try {
      return await Promise.race([this.#asking.run(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(): Promise<boolean> {
    try {
      await this.#database?.pool.query('SELECT');
      return true;
    } catch {
      return false;
    }
  }
}
