/**
 * The log of one subtask: lines from the SDK, the worker's output, and the platform's own lines. It limits the number
 * of lines, lines per second and line length, and masks the subtask's secrets.
 */
import { finished } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import {
  type LogIngest,
  type LogType,
  type MaskedText,
  type SecretMask,
  logType,
  plainStyle,
  platformPrefix,
  readTerminalText,
} from '../../logs/logs.ts';
import { waitOut } from '../../database/database.ts';
import type { Events } from '../../events/events.ts';
import { ClaimLostError, type Claim } from '../../runs/runs.ts';
import { namedLevel } from './level-words.ts';
import { LineLevels } from './line-levels.ts';
import { OutputLines } from './output-lines.ts';

/**
 * Output lines that are not stored yet, and their characters. Above these limits reading the worker's output pauses.
 */
const pendingLimits = { lines: 2000, characters: 4 * 1024 * 1024 } as const;

interface SubtaskLogOptions {
  readonly ingest: LogIngest;
  readonly run: string;
  readonly claim: Claim;
  readonly lineLimitBytes: number;
  readonly lineLimit: number;
  readonly linesPerSecond: number;
  readonly mask: SecretMask;
  readonly events: Events;
}

export class SubtaskLog {
  readonly #options: SubtaskLogOptions;
  #lines = 0;
  #isFull = false;
  /** Number of the worker's lines in this second. */
  #recent = 0;
  #dropped = 0;
  /** Printed lines that could not be stored and of which the log does not tell yet. */
  #lost = 0;
  #telling: Promise<void> | undefined;
  /** Runs from a line until the end of its second. */
  #second: NodeJS.Timeout | undefined;
  readonly #pending = { lines: 0, characters: 0 };
  /** The worker's outputs that are paused until fewer lines are pending. */
  readonly #waiting = new Set<Readable>();

  constructor(options: SubtaskLogOptions) {
    this.#options = options;
  }

  /**
   * Writes a line of the worker. Resolves once it is committed, or at once if it is dropped.
   * @returns why it was dropped; undefined if it was stored
   */
  async write(type: LogType, content: string): Promise<string | undefined> {
    if (!this.#admits()) {
      const { lineLimit, linesPerSecond } = this.#options;
      return this.#lines >= lineLimit
        ? `dropped: the limit of ${lineLimit} log lines (CHELA_LOG_LINE_LIMIT) is reached`
        : `dropped: the limit is ${linesPerSecond} lines per second (CHELA_LOG_LINES_PER_SECOND)`;
    }
    await this.#store(type, content);
    return undefined;
  }

  /**
   * Writes a line of the platform about what the worker did. It counts as a line of the worker, which could cause it
   * endlessly.
   */
  complain(content: string): void {
    if (this.#admits()) this.system(content, logType.error);
  }

  /** Resolves once the log tells of all lines that were lost. Waits while PostgreSQL is unavailable. */
  async told(): Promise<void> {
    // Failed lines are counted a moment after their commit has failed.
    await new Promise(setImmediate);
    while (this.#telling !== undefined) await this.#telling;
  }

  /** Reports the lines dropped in the last second. Call it once the worker can write no more lines. */
  close(): void {
    clearTimeout(this.#second);
    this.#endSecond();
  }

  /**
   * Whether another line of the worker may be kept; logs when none may. Must be cheap, because floods of lines get
   * here.
   */
  #admits(): boolean {
    const { lineLimit, linesPerSecond } = this.#options;
    if (this.#lines >= lineLimit) {
      if (!this.#isFull) {
        this.#isFull = true;
        this.system(
          `the limit of ${lineLimit} log lines (CHELA_LOG_LINE_LIMIT) is reached: further lines are dropped`,
          logType.warn,
        );
      }
      return false;
    }
    this.#second ??= setTimeout(() => this.#endSecond(), 1000);
    this.#recent += 1;
    if (this.#recent > linesPerSecond) {
      this.#dropped += 1;
      return false;
    }
    this.#lines += 1;
    return true;
  }

  #endSecond(): void {
    this.#second = undefined;
    this.#recent = 0;
    if (this.#dropped === 0) return;
    const { linesPerSecond } = this.#options;
    this.system(
      `${this.#dropped} log lines were dropped: the limit is ${linesPerSecond} lines per second (CHELA_LOG_LINES_PER_SECOND)`,
      logType.warn,
    );
    this.#dropped = 0;
  }

  /**
   * Writes a line of the platform. Lines are stored in order and before the subtask is settled, so nobody waits for
   * one. If the log cannot be written, the subtask does not fail.
   */
  system(content: string, type: LogType = logType.info): void {
    this.#store(type, platformPrefix + content, true).catch((err: unknown) => this.#reportLost(err));
  }

  /**
   * Reads the lines of a stream until it ends. Pauses the stream while the database is slow.
   * @param type the level of lines that name none
   * @param onLine called with every line as plain text, even if it is not kept; for an over-long line, with its parts
   */
  async capture(stream: Readable, type: LogType, onLine?: (line: string) => void): Promise<void> {
    const decoder = new StringDecoder('utf8');
    const levels = new LineLevels(type);
    let style = plainStyle;
    const read = (raw: string): MaskedText => {
      const shown = readTerminalText(raw, style);
      ({ style } = shown);
      onLine?.(shown.text);
      return shown;
    };
    const print = (level: () => LogType, line: () => MaskedText): void => this.#print(level, line, stream);
    const { lineLimitBytes: limit, mask } = this.#options;
    const lines = new OutputLines({
      limit,
      margin: mask.longest,
      onLine: (raw) => {
        const line = read(raw);
        print(
          () => levels.read(line.text),
          () => this.#masked(line),
        );
      },
      onState: (raw) => {
        const line = readTerminalText(raw, style);
        print(
          () => namedLevel(line.text) ?? type,
          () => this.#masked(line),
        );
      },
      onLongLine: (raw) => {
        const line = read(raw);
        print(
          () => levels.read(line.text),
          () => {
            const { text, styles } = mask.startOf(line, limit);
            return { text: `${text}… (line cut at ${limit} characters)`, styles };
          },
        );
      },
      onLongLineEnd: (raw, omitted) => {
        const line = read(raw);
        if (line.text.trim() === '') return;
        print(
          () => levels.readContinuation(line.text),
          () => shifted(`… (${omitted} characters omitted) `, this.#masked(line)),
        );
      },
    });
    stream.on('data', (chunk: Buffer) => lines.write(decoder.write(chunk)));
    await finished(stream, { writable: false }).catch(() => undefined);
    lines.write(decoder.end());
    lines.end();
  }

  /**
   * Both functions are called only if the line is kept.
   * @param read returns it as plain text without secrets
   */
  #print(level: () => LogType, read: () => MaskedText, stream: Readable): void {
    if (!this.#admits()) return;
    const type = level();
    const line = read();
    const { length } = line.text;
    this.#pending.lines += 1;
    this.#pending.characters += length;
    if (this.#hasPending(1)) this.#waiting.add(stream.pause());
    void this.#storeMasked(type, line)
      .catch((err: unknown) => this.#reportLost(err))
      .finally(() => {
        this.#pending.lines -= 1;
        this.#pending.characters -= length;
        if (this.#waiting.size > 0 && !this.#hasPending(0.5)) this.#resumeAll();
      });
  }

  /** @param share share of the limits */
  #hasPending(share: number): boolean {
    const { lines, characters } = this.#pending;
    return lines >= pendingLimits.lines * share || characters >= pendingLimits.characters * share;
  }

  #resumeAll(): void {
    for (const stream of this.#waiting) stream.resume();
    this.#waiting.clear();
  }

  #store(type: LogType, content: string, isPlatform = false): Promise<void> {
    return this.#storeMasked(type, this.#masked(readTerminalText(content)), isPlatform);
  }

  #storeMasked(type: LogType, { text, styles }: MaskedText, isPlatform = false): Promise<void> {
    const { ingest, claim } = this.#options;
    return ingest.write(claim, { type, content: text, styles, isPlatform, loggedAt: new Date() });
  }

  /** Secrets are masked in plain text: colors within one would hide it. */
  #masked(line: MaskedText): MaskedText {
    return this.#options.mask.applyStyled(line);
  }

  #reportLost(err: unknown): void {
    // Nothing is missing in the log of a run that has ended, or continues elsewhere.
    if (err instanceof ClaimLostError) return;
    this.#lost += 1;
    this.#telling ??= this.#tellLost();
    const { run, claim, events } = this.#options;
    events.failed({ work: 'store-log-line', err, run, subtask: claim.number });
  }

  /** Never rejects. */
  async #tellLost(): Promise<void> {
    try {
      while (this.#lost > 0) {
        let told = 0;
        await waitOut(() => {
          told = this.#lost;
          const lines = told === 1 ? '1 log line was' : `${told} log lines were`;
          const text = `${platformPrefix}${lines} lost here, because the database could not store anything`;
          return this.#store(logType.warn, text, true);
        });
        this.#lost -= told;
      }
    } catch {
      // The claim was lost, or the database refuses lines for another reason, which has been reported.
      this.#lost = 0;
    } finally {
      this.#telling = undefined;
    }
  }
}

/** A line with a prefix, and with its styles moved accordingly. */
function shifted(mark: string, { text, styles }: MaskedText): MaskedText {
  const { length } = mark;
  return {
    text: mark + text,
    styles: styles.map((range) => ({ ...range, start: range.start + length, end: range.end + length })),
  };
}
