/** Writes the record of an installation: stores its lines in the database in batches. */
import type { DependencyInstalls, InstallLine, InstallStatus } from '../../workers/workers.ts';
import type { Events } from '../../events/events.ts';

const flushMilliseconds = 300;
const longestLine = 2000;

interface InstallRecorderOptions {
  readonly installs: DependencyInstalls;
  readonly versionId: number;
  /** Maximum number of stored lines. */
  readonly lineLimit: number;
  readonly events: Events;
}

/** A failure to write the record does not fail the installation. */
export class InstallRecorder {
  readonly #options: InstallRecorderOptions;
  #attempt: Promise<number | undefined> | undefined;
  #waiting: InstallLine[] = [];
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: InstallRecorderOptions) {
    this.#options = options;
  }

  /** Whether there is anything to record. */
  get hasBegun(): boolean {
    return this.#attempt !== undefined;
  }

  /** The first line begins the record, so there is none if everything is in the cache. */
  print(line: string): void {
    this.#begin();
    this.#count += 1;
    if (this.#count > this.#options.lineLimit) return;
    const content = line.slice(0, longestLine).replaceAll('\0', '').toWellFormed();
    this.#waiting.push({ number: this.#count, content, logged_at: new Date() });
    this.#timer ??= setTimeout(() => this.#flush(), flushMilliseconds);
  }

  /** @param runtime what the version runs on; the recorded one stays if omitted */
  async end(status: Exclude<InstallStatus, 'installing'>, errMsg = '', runtime?: string): Promise<void> {
    this.#begin();
    this.#flush();
    await this.#writing;
    await this.#try(async (attempt) => {
      const isTruncated = this.#count > this.#options.lineLimit;
      const message = errMsg.replaceAll('\0', '').toWellFormed();
      await this.#options.installs.end(this.#options.versionId, attempt, {
        status,
        errMsg: message,
        runtime,
        isTruncated,
      });
    });
  }

  #begin(): void {
    if (this.#attempt !== undefined) return;
    this.#attempt = this.#options.installs.begin(this.#options.versionId);
    this.#attempt.catch(() => {
      // Reported when the first lines are stored; nobody awaits it before.
    });
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#waiting;
    this.#waiting = [];
    if (lines.length === 0) return;
    this.#writing = this.#writing.then(async () =>
      this.#try((attempt) => this.#options.installs.append(this.#options.versionId, attempt, lines)),
    );
  }

  async #try(write: (attempt: number) => Promise<void>): Promise<void> {
    const { events, versionId: version } = this.#options;
    try {
      const attempt = await this.#attempt;
      if (attempt !== undefined) await write(attempt);
    } catch (err) {
      events.failed({ work: 'record-install', err, version });
    }
  }
}
