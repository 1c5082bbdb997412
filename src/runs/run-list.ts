/**
 * Lists the runs of an account, in times that hardly grow with the number of stored runs: runs are counted as they change
 * (see `run-counts.ts`), and the counts by day also tell where a page begins.
 */
import { sql, type RawBuilder } from 'kysely';
import type { Database } from '../database/database.ts';
import { findWorkerKey } from '../workers/workers.ts';
import { countByDay, type DayCount } from './run-counts.ts';
import {
  isCountKept,
  selectedRuns,
  type CreatedRange,
  type Page,
  type RunFilter,
  type RunSort,
  type SelectedRuns,
} from './run-filter.ts';
import { runRecordColumns, selectRuns, type RunRecord } from './run-record.ts';

/** Runs with a filter for which no count is kept are counted up to this number. */
const countLimit = 10_000;
const dayMilliseconds = 24 * 3600 * 1000;

/** A slug prefix long enough to be selective: its first letters encode the time. */
const slugBeginning = /^[0-9A-HJKMNP-TV-Z]{6,26}$/i;

export interface RunPage {
  readonly count: number;
  /** False if there are more runs than were counted. */
  readonly isCountExact: boolean;
  readonly list: RunRecord[];
}

const emptyPage: RunPage = { count: 0, isCountExact: true, list: [] };

/** The runs of one day, or of the part of a day that was asked for. */
interface CountedRange extends Required<CreatedRange> {
  readonly runs: number;
}

interface Slice {
  readonly skip: number;
  readonly size: number;
  readonly ascending: boolean;
}

interface SortedBy {
  /** Indexed; null for runs that have no final value yet. */
  readonly final: RawBuilder<unknown>;
  /** Value of a run that has not ended; omitted if it has no value of its own. */
  readonly live?: RawBuilder<unknown>;
  /** What stands for a run that never started; omitted if every run has a value. */
  readonly none?: RawBuilder<unknown>;
}

const sorts: Record<Exclude<RunSort, 'created_at'>, SortedBy> = {
  started_at: { final: sql`run.started_at`, none: sql`NULL::timestamptz` },
  duration: {
    final: sql`run.ended_milliseconds`,
    live: sql`extract(epoch FROM now() - run.started_at) * 1000`,
    none: sql`NULL::bigint`,
  },
  results: { final: sql`run.ended_results`, live: sql`run.result_count` },
  traffic: { final: sql`run.ended_traffic`, live: sql`run.traffic_bytes` },
  usage: { final: sql`run.ended_usage`, live: sql`run.usage` },
};

export class RunList {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Newest first unless the filter says otherwise. Runs without a value to sort by come last in either direction. */
  async page(accountId: number, filter: RunFilter, page: Page): Promise<RunPage> {
    const selected = await this.#select(accountId, filter);
    if (selected === undefined) return emptyPage;
    const days = isCountKept(selected) ? await this.#countedDays(selected) : undefined;
    const total = days?.reduce((sum, { runs }) => sum + runs, 0);
    const count = total ?? (await this.#countUpToLimit(selected));
    const slice: Slice = {
      skip: (page.number - 1) * page.size,
      size: page.size,
      ascending: filter.ascending ?? false,
    };
    const isCountExact = days !== undefined || count <= countLimit;
    if (isCountExact && slice.skip >= count) return { count, isCountExact, list: [] };
    const { sort = 'created_at' } = filter;
    const ids =
      sort === 'created_at'
        ? await this.#createdIds(selected, slice, days)
        : await this.#sortedIds(selected, sorts[sort], slice, total);
    return {
      count: isCountExact ? count : countLimit,
      isCountExact,
      list: await this.#records(ids),
    };
  }

  /** @returns undefined if nothing can match */
  async #select(accountId: number, filter: RunFilter): Promise<SelectedRuns | undefined> {
    const { workerId, taskSlug, status, origin, endReasons, isPinned, label } = filter;
    const keyword = filter.keyword?.trim();
    const [workerKey, taskKey, named] = await Promise.all([
      workerId === undefined ? undefined : findWorkerKey(this.#database, workerId),
      taskSlug === undefined ? undefined : this.#taskKey(taskSlug),
      keyword === undefined ? undefined : this.#workersNamed(keyword),
    ]);
    if (workerId !== undefined && workerKey === undefined) return undefined;
    if (taskSlug !== undefined && taskKey === undefined) return undefined;
    const ofWorker = workerKey === undefined ? undefined : [workerKey];
    const isSlug = keyword !== undefined && slugBeginning.test(keyword);
    const workerKeys = isSlug || named === undefined ? ofWorker : intersection(named, ofWorker);
    if (workerKeys?.length === 0) return undefined;
    return {
      counted: { accountId, workerKeys, taskKey, status, origin },
      endReasons,
      isPinned,
      label,
      keyword: isSlug ? { slugStart: keyword.toUpperCase(), workerKeys: named ?? [] } : undefined,
      from: filter.createdFrom,
      before: filter.createdBefore,
    };
  }

  /** The days that have such runs, newest first. */
  async #countedDays(selected: SelectedRuns): Promise<CountedRange[]> {
    const days = await countByDay(this.#database, selected.counted);
    const counted = await Promise.all(days.map((day) => this.#countedPart(selected, day)));
    return counted.filter(({ runs }) => runs > 0);
  }

  /** What of a day was asked for. The first and the last day may be cut. */
  async #countedPart(selected: SelectedRuns, { day, runs }: DayCount): Promise<CountedRange> {
    const begin = new Date(day);
    const end = new Date(begin.getTime() + dayMilliseconds);
    const range = {
      from: selected.from !== undefined && selected.from > begin ? selected.from : begin,
      before: selected.before !== undefined && selected.before < end ? selected.before : end,
    };
    if (range.from >= range.before) return { ...range, runs: 0 };
    if (range.from === begin && range.before === end) return { ...range, runs };
    const { count } = await selectedRuns(this.#database.sql, selected, range)
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return { ...range, runs: count };
  }

  /** @returns at most one more than the limit */
  async #countUpToLimit(selected: SelectedRuns): Promise<number> {
    const { count } = await this.#database.sql
      .selectFrom(
        selectedRuns(this.#database.sql, selected)
          .select('run.id')
          .limit(countLimit + 1)
          .as('found'),
      )
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Keys of the runs of a page by time of creation. @param days undefined if they are not known */
  async #createdIds(
    selected: SelectedRuns,
    slice: Slice,
    days: readonly CountedRange[] | undefined,
  ): Promise<number[]> {
    const direction = slice.ascending ? 'asc' : 'desc';
    const inOrder = selectedRuns(this.#database.sql, selected)
      .select(['run.id', 'run.created_at'])
      .orderBy('run.created_at', direction)
      .orderBy('run.id', direction);
    if (days === undefined) {
      const rows = await inOrder.limit(slice.size).offset(slice.skip).execute();
      return rows.map(({ id }) => id);
    }
    const parts = dayParts(slice.ascending ? days.toReversed() : days, slice);
    const found = inOrder
      .where(sql<boolean>`run.created_at >= part.starts AND run.created_at < part.ends`)
      .limit(sql<number>`part.size`)
      .offset(sql<number>`part.skip`);
    const order = sql.raw(direction);
    // One statement for all days, which reads each by an index.
    const { rows } = await sql<{ id: number }>`
      SELECT found.id FROM unnest(
        ${parts.map(({ from }) => from)}::timestamptz[], ${parts.map(({ before }) => before)}::timestamptz[],
        ${parts.map(({ skip }) => skip)}::bigint[], ${parts.map(({ size }) => size)}::bigint[]
      ) WITH ORDINALITY AS part (starts, ends, skip, size, place), LATERAL ${found} AS found
      ORDER BY part.place, found.created_at ${order}, found.id ${order} LIMIT ${slice.size}`.execute(
      this.#database.sql,
    );
    return rows.map(({ id }) => id);
  }

  /** @param total number of selected runs, if it is known */
  async #sortedIds(
    selected: SelectedRuns,
    sort: SortedBy,
    slice: Slice,
    total: number | undefined,
  ): Promise<number[]> {
    // The second half is read from the other end, if every run has a value.
    if (total !== undefined && sort.none === undefined && slice.skip > total / 2) {
      const size = Math.min(slice.size, total - slice.skip);
      const skip = total - slice.skip - size;
      const ids = await this.#sortedFromStart(selected, sort, { skip, size, ascending: !slice.ascending });
      return ids.toReversed();
    }
    return this.#sortedFromStart(selected, sort, slice);
  }

  /** Merges the runs with a final value, which an index has in order, with those that have not ended, which are few. */
  async #sortedFromStart(selected: SelectedRuns, sort: SortedBy, slice: Slice): Promise<number[]> {
    const { final, live, none } = sort;
    const direction = slice.ascending ? 'asc' : 'desc';
    const upToPage = slice.skip + slice.size;
    const runs = selectedRuns(this.#database.sql, selected);
    const parts = [
      runs
        .select(['run.id', final.as('value')])
        .where(sql<boolean>`${final} IS NOT NULL`)
        .orderBy(final, direction)
        .orderBy('run.id', direction)
        .limit(upToPage),
    ];
    if (live !== undefined) {
      const unfinished = runs.select(['run.id', live.as('value')]).where('run.finished_at', 'is', null);
      parts.push(none === undefined ? unfinished : unfinished.where('run.started_at', 'is not', null));
    }
    if (none !== undefined) {
      parts.push(
        runs
          .select(['run.id', none.as('value')])
          .where('run.started_at', 'is', null)
          .orderBy('run.id', direction)
          .limit(upToPage),
      );
    }
    const order = sql.raw(direction);
    const { rows } = await sql<{ id: number }>`
      SELECT id FROM (${sql.join(parts, sql` UNION ALL `)}) AS sorted
      ORDER BY value ${order} NULLS LAST, id ${order} LIMIT ${slice.size} OFFSET ${slice.skip}`.execute(
      this.#database.sql,
    );
    return rows.map(({ id }) => id);
  }

  /** The runs with these keys, in their order. Runs that were deleted in the meantime are left out. */
  async #records(ids: readonly number[]): Promise<RunRecord[]> {
    if (ids.length === 0) return [];
    const records = await selectRuns(this.#database.sql)
      .select(runRecordColumns)
      .where('run.id', 'in', ids)
      .execute();
    const places = new Map(ids.map((id, place) => [id, place]));
    return records.toSorted((one, other) => (places.get(one.id) ?? 0) - (places.get(other.id) ?? 0));
  }

  async #workersNamed(keyword: string): Promise<number[]> {
    const pattern = `%${keyword.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    const workers = await this.#database.sql
      .selectFrom('worker')
      .select('id')
      .where((expression) =>
        expression.or([expression('title', 'ilike', pattern), expression('name', 'ilike', pattern)]),
      )
      .execute();
    return workers.map(({ id }) => id);
  }

  async #taskKey(slug: string): Promise<number | undefined> {
    const task = await this.#database.sql
      .selectFrom('task')
      .select('id')
      .where('slug', '=', slug)
      .executeTakeFirst();
    return task?.id;
  }
}

function intersection(keys: readonly number[], others: readonly number[] | undefined): readonly number[] {
  return others === undefined ? keys : keys.filter((key) => others.includes(key));
}

/** What of a day may be on a page. */
interface DayPart extends Required<CreatedRange> {
  readonly skip: number;
  readonly size: number;
}

/**
 * Where a page lies in days that are in its order. A part may give more runs than were counted, if some were created since
 * then: the page ends after its size, and has no gap.
 */
function dayParts(days: readonly CountedRange[], { skip, size }: Slice): DayPart[] {
  const parts: DayPart[] = [];
  let before = 0;
  for (const { runs, ...range } of days) {
    if (before >= skip + size) break;
    const first = Math.max(0, skip - before);
    const missing = skip + size - Math.max(skip, before);
    if (first < runs) parts.push({ ...range, skip: first, size: missing });
    before += runs;
  }
  return parts;
}
