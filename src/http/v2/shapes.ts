/** Schemas that several operations share, and functions that convert records to them. */
import path from 'node:path';
import { Type, type Static } from 'typebox';
import { exampleRunSlug } from '../../answers/examples.ts';
import type { ResultPage } from '../../answers/results.ts';
import type { Run } from '../../answers/runs.ts';
import type { Worker } from '../../answers/workers.ts';
import {
  type RunRecord,
  durationSeconds,
  endFields,
  labelLength,
  labelLimit,
  resultMessage,
  unixSeconds,
} from '../../runs/runs.ts';
import { withoutEnd } from '../../text/text-ends.ts';
import { type WorkerRecord, workerPath } from '../../workers/workers.ts';
import type { LineSource, StoredLogLine } from '../../logs/logs.ts';

export { unixSeconds };

export const WorkerParams = Type.Object({
  workerId: Type.String({
    description:
      'Worker slug or path. You may paste `owner/name`; "Try it" sends it as `owner~name` for path values.',
    examples: ['chela~hello'],
  }),
});

export const VersionParams = Type.Object({
  ...WorkerParams.properties,
  version: Type.String({
    description: 'Version, latest, or at least 7 digits of a git commit.',
    examples: ['v1.0.1'],
  }),
});

export const RunParams = Type.Object({
  runId: Type.String({ description: 'Run slug', examples: [exampleRunSlug] }),
});

const offset = {
  description: 'Page number, starting at 1. 0 also returns the first page.',
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
};
const limit = { description: 'Items per page.', minimum: 1, maximum: 100, default: 20 };

export const PageQuery = Type.Object({
  offset: Type.Optional(Type.Integer({ ...offset, default: 1 })),
  limit: Type.Optional(Type.Integer(limit)),
});

/** The last second that both JavaScript and PostgreSQL can represent. */
export const lastSecond = 253_402_300_799;

/** Converts Unix seconds to a Date; undefined for 0 or undefined. */
export function momentOf(seconds: number | undefined): Date | undefined {
  return seconds === undefined || seconds === 0 ? undefined : new Date(seconds * 1000);
}

/** The requested page. */
export function pageOf(query: { offset?: number; limit?: number }): { number: number; size: number } {
  return { number: Math.max(1, query.offset ?? 1), size: query.limit ?? limit.default };
}

export function paged<Item>(
  { count, list }: { count: number; list: Item[] },
  page: { number: number; size: number },
) {
  return { count, list, page_index: page.number, page_size: page.size };
}

/** A decimal with at least two decimal places: `"1"` becomes `"1.00"`, `"0.123400"` becomes `"0.1234"`. */
export function decimal(numeric: string): string {
  const [whole = '0', fraction = ''] = numeric.split('.');
  return `${whole}.${withoutEnd(fraction, '0').padEnd(2, '0')}`;
}

export function runShape(run: RunRecord): Run {
  return {
    slug: run.slug,
    run_slug: run.slug,
    scraper_slug: run.worker_slug,
    scraper_title: run.worker_title,
    version: run.version,
    status: run.status,
    results: run.result_count,
    usage: decimal(run.usage),
    traffic: run.traffic_bytes,
    origin: run.origin,
    started_at: unixSeconds(run.started_at),
    finished_at: unixSeconds(run.finished_at),
    duration: durationSeconds(run),
    err_msg: run.err_msg,
    ...endFields(run),
    task_slug: run.task_slug ?? '',
    task_title: run.task_title ?? '',
    pinned: run.pinned_at !== null,
    labels: [...run.labels],
  };
}

/** Path of a worker's icon. Its query changes with the icon, for caches. */
function iconUrl({ slug, icon_key: key }: WorkerRecord): string {
  return key === null ? '' : `/api/v2/workers/${slug}/icon?v=${path.basename(key).slice(0, 8)}`;
}

export function workerShape(worker: WorkerRecord): Worker {
  return {
    slug: worker.slug,
    name: worker.name,
    username: worker.owner,
    path: workerPath(worker.owner, worker.name),
    title: worker.title,
    description: worker.description,
    categories: worker.category ?? 0,
    version: worker.version,
    is_public: worker.is_public,
    icon_url: iconUrl(worker),
  };
}

export function sourceOf({ is_platform: isPlatform }: Pick<StoredLogLine, 'is_platform'>): LineSource {
  return isPlatform ? 'platform' : 'worker';
}

export function logLineShape(line: StoredLogLine) {
  return {
    type: line.type,
    group: String(line.subtask),
    content: line.content,
    timestamp: line.logged_at.getTime(),
    source: sourceOf(line),
  };
}

/** Labels of a run, in a request. Their lengths are checked once they are trimmed. */
export const labelsField = Type.Optional(
  Type.Array(Type.String({ maxLength: 4 * labelLength }), {
    description: `Extension: labels of the run, up to ${labelLimit}, with up to ${labelLength} characters each.`,
    maxItems: 2 * labelLimit,
    examples: [['nightly']],
  }),
);

/** Body fields of all requests that start a run. */
export const runBodyFields = {
  labels: labelsField,
  callback_url: Type.Optional(
    Type.String({
      description:
        'URL that receives status changes. Default: the one of the task or the account, if it has one.',
      examples: ['https://client.example.com/callback'],
    }),
  ),
  is_async: Type.Optional(
    Type.Boolean({ description: 'false waits until the run ends and returns its results. Default: true.' }),
  ),
  offset: Type.Optional(
    Type.Integer({ ...offset, default: 0, description: 'Page of results to return, for a synchronous run.' }),
  ),
  limit: Type.Optional(
    Type.Integer({ ...limit, description: 'Rows per page of results, for a synchronous run.' }),
  ),
};

export const RunOptions = Type.Object(runBodyFields, { title: 'RunOptions', additionalProperties: false });
export type RunBody = Static<typeof RunOptions>;

export function finishedRunShape(run: RunRecord, isFinished: boolean, results: ResultPage) {
  return {
    run_slug: run.slug,
    run_status: run.status,
    is_finished: isFinished,
    error_message: run.err_msg,
    result_message: resultMessage(run),
    execution_start_timestamp: unixSeconds(run.started_at),
    execution_end_timestamp: unixSeconds(run.finished_at),
    running_duration: durationSeconds(run),
    ...endFields(run),
    results,
  };
}
