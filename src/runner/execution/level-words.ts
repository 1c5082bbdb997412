/**
 * Finds the level at the start of a log line, in the formats of common logging libraries: Python's logging,
 * loguru, structlog, Scrapy, pino, winston, Go's log and slog, Java's and others. Every line is scanned once.
 */
import { type LogType, logType } from '../../logs/logs.ts';

const levelWords: ReadonlyMap<string, LogType> = new Map([
  ...['TRACE', 'TRC', 'DEBUG', 'DBG', 'VERBOSE', 'SILLY', 'FINE', 'FINER', 'FINEST'].map(
    (word) => [word, logType.debug] as const,
  ),
  ...['INFO', 'INF', 'NOTICE', 'SUCCESS', 'HTTP'].map((word) => [word, logType.info] as const),
  ...['WARN', 'WARNING', 'WRN'].map((word) => [word, logType.warn] as const),
  ...['ERROR', 'ERR', 'CRITICAL', 'CRIT', 'FATAL', 'FTL', 'PANIC', 'SEVERE', 'EMERG'].map(
    (word) => [word, logType.error] as const,
  ),
]);

/** Number of characters in which the level must start. */
const prefixLength = 200;
const maxPrefixParts = 8;
/** Longer JSON lines are not parsed. */
const longestJson = 64 * 1024;

function levelOf(word: string): LogType | undefined {
  return levelWords.get(word.toUpperCase());
}

function isUpperCase(word: string): boolean {
  return word === word.toUpperCase();
}

const wordPattern = /^[A-Za-z]+/;
const numberedLevel = /^[IWEF]\d{4} /;
const numberedLevels: Readonly<Record<string, LogType>> = {
  I: logType.info,
  W: logType.warn,
  E: logType.error,
  F: logType.error,
};
const timePart = /^[\d:.,/TZ+-]+$/;
const loggerName = /^[a-z_][\w.:<>-]*$/i;
const monthName = /^(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|AM|PM|UTC|GMT)$/;
const separators = new Set(['|', '-', '—', '>', '•', '::']);

/** The level in brackets: `[INFO]`, `[info     ]`, `[0101/120000.1:ERROR:file.cc(1)]`, `[2026-01-01: INFO/MainProcess]`. */
function bracketedLevel(content: string): LogType | undefined {
  const whole = levelOf(content.trim());
  if (whole !== undefined) return whole;
  for (const part of content.split(/[\s:/|,]/)) {
    const level = isUpperCase(part) ? levelOf(part) : undefined;
    if (level !== undefined) return level;
  }
  return undefined;
}

/** `time=… level=INFO msg=…`, as written by slog and logrus. */
function fieldLevel(line: string): LogType | undefined {
  const start = line.startsWith('level=') ? 0 : line.indexOf(' level=') + 1;
  if (start === 0 && !line.startsWith('level=')) return undefined;
  const value = line.slice(start + 'level='.length, start + 'level='.length + 20);
  const word = wordPattern.exec(value.startsWith('"') ? value.slice(1) : value);
  return word === null ? undefined : levelOf(word[0]);
}

const levelFields = ['level', 'severity', 'levelname', 'lvl', 'log.level', 'loglevel'];
const messageFields = ['msg', 'message', 'event', 'time', 'timestamp', 'ts', '@timestamp', 'asctime'];

/** A line of JSON that has a level, and a message or a time. pino and bunyan have numbers: 10 is trace, 60 is fatal. */
function jsonLevel(line: string): LogType | undefined {
  if (line.length > longestJson || !levelFields.some((field) => line.includes(`"${field}"`)))
    return undefined;
  let object: Record<string, unknown>;
  try {
    object = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  if (!messageFields.some((field) => field in object)) return undefined;
  const level = levelFields.map((field) => object[field]).find((value) => value !== undefined);
  if (typeof level === 'string') return levelOf(wordPattern.exec(level)?.[0] ?? '');
  if (typeof level !== 'number' || level % 10 !== 0 || level < 10 || level > 60) return undefined;
  if (level < 30) return logType.debug;
  return level === 30 ? logType.info : level === 40 ? logType.warn : logType.error;
}

/** Reads the parts of a line's prefix one by one: times, names and separators, up to the level. */
class PrefixReader {
  readonly #text: string;
  #index = 0;
  #hasTime = false;
  #names = 0;
  #isAfterSeparator = false;

  constructor(line: string) {
    this.#text = line.slice(0, prefixLength);
  }

  read(): LogType | undefined {
    for (let part = 0; part < maxPrefixParts; part += 1) {
      while (this.#text.charAt(this.#index) === ' ' || this.#text.charAt(this.#index) === '\t')
        this.#index += 1;
      if (this.#index === this.#text.length) return undefined;
      const found = this.#text.charAt(this.#index) === '[' ? this.#readBrackets() : this.#readPart();
      if (found !== 'next') return found;
    }
    return undefined;
  }

  #readBrackets(): LogType | 'next' | undefined {
    const end = this.#text.indexOf(']', this.#index);
    if (end === -1) return undefined;
    const level = bracketedLevel(this.#text.slice(this.#index + 1, end));
    this.#index = end + 1;
    this.#hasTime = true;
    return level ?? 'next';
  }

  #readPart(): LogType | 'next' | undefined {
    const start = this.#index;
    let end = start;
    while (end < this.#text.length && !' \t['.includes(this.#text.charAt(end))) end += 1;
    const part = this.#text.slice(start, end);
    this.#index = end;
    const level = this.#levelAt(part);
    if (level !== undefined) return level;
    const isSeparator = separators.has(part);
    const isTime = timePart.test(part) || (monthName.test(part) && (this.#hasTime || start === 0));
    if (!isSeparator && !isTime && !this.#isName(part)) return undefined;
    this.#hasTime ||= isTime;
    this.#isAfterSeparator = isSeparator;
    return 'next';
  }

  /** `WARNING:root:…`, `ERROR x`, `info: x`, and after a time `info x`. */
  #levelAt(part: string): LogType | undefined {
    const word = wordPattern.exec(part)?.[0] ?? '';
    const level = levelOf(word);
    if (level === undefined) return undefined;
    const next = part.charAt(word.length);
    if (next !== '' && !':|,/]'.includes(next)) return undefined;
    const isSure = isUpperCase(word) || next === ':' || (this.#hasTime && this.#isAfterSeparator);
    return isSure || (this.#hasTime && this.#names === 0 && next === '') ? level : undefined;
  }

  /** One name of a logger, after a time: `2026-01-01 12:00:00 app.db INFO x`. */
  #isName(part: string): boolean {
    if (!this.#hasTime || !(loggerName.test(part) || this.#isAfterSeparator)) return false;
    this.#names += 1;
    return this.#names <= (this.#isAfterSeparator ? maxPrefixParts : 1);
  }
}

/** @param line plain text @returns undefined if it has no level */
export function namedLevel(line: string): LogType | undefined {
  if (line.startsWith('{')) return jsonLevel(line);
  if (line.startsWith('npm ')) return npmLevel(line);
  if (line.startsWith('level=') || line.startsWith('time=') || line.startsWith('ts='))
    return fieldLevel(line);
  if (numberedLevel.test(line)) return numberedLevels[line.charAt(0)];
  return new PrefixReader(line).read();
}

function npmLevel(line: string): LogType | undefined {
  if (line.startsWith('npm error') || line.startsWith('npm ERR!')) return logType.error;
  return line.startsWith('npm warn') || line.startsWith('npm WARN') ? logType.warn : undefined;
}
