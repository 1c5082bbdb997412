/** `recheck`'s verdicts on expressions, cached between checks. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { check } from 'recheck';
import type { Expression } from './read-expressions.ts';

/** `safe`, or why the expression is not known to be safe. */
export type Verdict = string;

export const safe: Verdict = 'safe';

/** Limits count steps instead of time, so that a busy machine gives the same verdict. */
const parameters = { timeout: null, attackTimeout: null, incubationTimeout: null, seedingTimeout: null };

async function verdictOf(source: string, flags: string): Promise<Verdict> {
  const { status, ...diagnostics } = await check(source, flags, parameters);
  if (status === 'safe') return safe;
  if (status === 'vulnerable' && 'attack' in diagnostics)
    return `takes ${diagnostics.complexity.summary} time, for example for ${diagnostics.attack.pattern}`;
  return 'could not be decided';
}

function keyOf({ source, flags }: Pick<Expression, 'source' | 'flags'>): string {
  return `/${source}/${flags}`;
}

export class Verdicts {
  readonly #file: string;
  readonly #known: Map<string, Promise<Verdict>>;

  private constructor(file: string, known: Readonly<Record<string, Verdict>>) {
    this.#file = file;
    this.#known = new Map(Object.entries(known).map(([key, verdict]) => [key, Promise.resolve(verdict)]));
  }

  /** @param file the cache; need not exist, and may be deleted */
  static async open(file: string): Promise<Verdicts> {
    const content = await readFile(file, 'utf8').catch(() => '{}');
    try {
      return new Verdicts(file, JSON.parse(content) as Record<string, Verdict>);
    } catch {
      return new Verdicts(file, {});
    }
  }

  async of(expression: Pick<Expression, 'source' | 'flags'>): Promise<Verdict> {
    const key = keyOf(expression);
    let verdict = this.#known.get(key);
    if (verdict === undefined) {
      verdict = verdictOf(expression.source, expression.flags);
      this.#known.set(key, verdict);
    }
    return verdict;
  }

  /** Saves the verdicts on these expressions and drops all others. */
  async keep(expressions: readonly Expression[]): Promise<void> {
    const keys = [...new Set(expressions.map(keyOf))].toSorted();
    const verdicts = await Promise.all(keys.map(async (key) => [key, await this.#known.get(key)] as const));
    await mkdir(path.dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.${randomUUID()}`;
    await writeFile(draft, JSON.stringify(Object.fromEntries(verdicts), undefined, 2));
    await rename(draft, this.#file);
  }
}
