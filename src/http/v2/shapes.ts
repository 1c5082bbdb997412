/** The shapes that several operations share, as schemas, and how records become them. */
import path from 'node:path';
import { Type, type Static, type TSchema } from 'typebox';
import { type RunRecord, durationSeconds, endFields, resultMessage, unixSeconds } from '../../runs/runs.ts';
import { origins, runStatuses } from '../../runs/statuses.ts';
import { withoutEnd } from '../../text/text-ends.ts';
import { type WorkerRecord, workerPath } from '../../workers/workers.ts';
import type { StoredLogLine } from '../../logs/logs.ts';
import { enumeration } from '../enumeration.ts';
import { runEndFields } from './end-shapes.ts';

export { unixSeconds };

const exampleSlug = '01KKDXV2G26BT7NH4ZQR2R4NPZ';
const exampleWorkerSlug = '01KKDXTQ8S5W1C9J4Y6M3B7A0E';

export const WorkerParams = Type.Object({
  workerId: Type.String({
    description: 'Worker slug or path. Use owner~name for path values.',
    examples: ['chela~hello'],
  }),
});

export const VersionParams = Type.Object({
  ...WorkerParams.properties,
  version: Type.String({
    description: 'Version, latest, or 7 digits or more of its git commit.',
    examples: ['v1.0.1'],
  }),
});

/** What would be better otherwise in a package. */
export const Warnings = Type.Array(
  Type.Object({
    file: Type.String(),
    field: Type.Optional(Type.String()),
    message: Type.String(),
  }),
  { description: 'What would be better otherwise; the version works all the same.' },
);

const publishedFields = {
  slug: Type.String({ description: 'Identifier of the worker.', examples: [exampleWorkerSlug] }),
  path: Type.String({ examples: ['admin~my-worker'] }),
  version: Type.String({ examples: ['v1.0.1'] }),
  warnings: Warnings,
};

export const PublishedVersion = Type.Object(publishedFields, {
  title: 'PublishedVersion',
  description: 'A published version',
});

/** Where in a git repository a version comes from. */
export const Git = Type.Object(
  {
    url: Type.String({ description: 'Without credentials.', examples: ['https://code.example/me/worker'] }),
    ref: Type.String({ description: 'As asked for; empty is the default branch.', examples: ['main'] }),
    folder: Type.String({ description: 'Folder within the repository; empty is its root.', examples: [''] }),
    commit: Type.String({ examples: ['9b0b5a1d3c7e2f4860917a5c6d8e9f0a1b2c3d4e'] }),
  },
  { title: 'GitSource', description: 'Where a version comes from' },
);

export const ImportedVersion = Type.Object(
  { ...publishedFields, git: Git },
  { title: 'ImportedVersion', description: 'A version published from git' },
);

export const RunParams = Type.Object({
  runId: Type.String({ description: 'Run slug', examples: [exampleSlug] }),
});

const offset = {
  description: 'Page number, from 1; 0 is the first page too.',
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
};
const limit = { description: 'Items on a page.', minimum: 1, maximum: 100, default: 20 };

export const PageQuery = Type.Object({
  offset: Type.Optional(Type.Integer({ ...offset, default: 1 })),
  limit: Type.Optional(Type.Integer(limit)),
});

/** The last second that both JavaScript and PostgreSQL can hold as a date. */
export const lastSecond = 253_402_300_799;

/** The moment of Unix seconds; undefined for 0 and for none given. */
export function momentOf(seconds: number | undefined): Date | undefined {
  return seconds === undefined || seconds === 0 ? undefined : new Date(seconds * 1000);
}

/** The page a request asks for. */
export function pageOf(query: { offset?: number; limit?: number }): { number: number; size: number } {
  return { number: Math.max(1, query.offset ?? 1), size: query.limit ?? limit.default };
}

/** A paged answer: `count`, `list`, `page_index`, `page_size` and what else an operation adds. */
export function pagedSchema<Item extends TSchema>(item: Item) {
  return Type.Object({
    count: Type.Integer({ description: 'Items on all pages.', examples: [1] }),
    list: Type.Array(item),
    page_index: Type.Integer({ description: 'Number of this page, from 1.', examples: [1] }),
    page_size: Type.Integer({ description: 'Items on a full page.', examples: [20] }),
  });
}

export function paged<Item>(
  { count, list }: { count: number; list: Item[] },
  page: { number: number; size: number },
) {
  return { count, list, page_index: page.number, page_size: page.size };
}

export const Run = Type.Object(
  {
    slug: Type.String({ description: 'Identifier of the run.', examples: [exampleSlug] }),
    run_slug: Type.String({ description: 'The same identifier.', examples: [exampleSlug] }),
    scraper_slug: Type.String({
      description: 'Slug of the worker; usable as workerId.',
      examples: [exampleWorkerSlug],
    }),
    scraper_title: Type.String({ description: 'Title of the worker.', examples: ['Hello'] }),
    version: Type.String({ description: 'Version of the worker that runs.', examples: ['v1.0.1'] }),
    status: enumeration(runStatuses, {
      description:
        'ready waits for a runner; running; aborting is being stopped; succeeded and failed are final.',
      examples: ['succeeded'],
    }),
    results: Type.Integer({ description: 'Rows stored so far.', examples: [3] }),
    usage: Type.String({ description: 'Cost so far, a decimal.', examples: ['1.00'] }),
    traffic: Type.Integer({ description: 'Bytes both ways through the proxy.', examples: [0] }),
    origin: enumeration(origins, { description: 'What started the run.', examples: ['api_v2'] }),
    started_at: Type.Integer({ description: 'Unix seconds; 0 before the start.', examples: [1_782_091_200] }),
    finished_at: Type.Integer({ description: 'Unix seconds; 0 before the end.', examples: [1_782_091_210] }),
    duration: Type.Integer({
      description: 'Seconds from start to end, or until now while it runs.',
      examples: [10],
    }),
    err_msg: Type.String({ description: 'Why it failed; empty where nothing went wrong.', examples: [''] }),
    ...runEndFields,
  },
  { title: 'Run', description: 'A run' },
);

/** Decimal with two digits at least: `"1"` becomes `"1.00"`, `"0.123400"` becomes `"0.1234"`. */
export function decimal(numeric: string): string {
  const [whole = '0', fraction = ''] = numeric.split('.');
  return `${whole}.${withoutEnd(fraction, '0').padEnd(2, '0')}`;
}

export function runShape(run: RunRecord) {
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
  } satisfies Static<typeof Run>;
}

export const Worker = Type.Object(
  {
    slug: Type.String({
      description: 'Identifier of the worker; usable as workerId.',
      examples: [exampleWorkerSlug],
    }),
    name: Type.String({ description: 'Name, unique within its owner.', examples: ['hello'] }),
    username: Type.String({ description: 'Owner.', examples: ['chela'] }),
    path: Type.String({ description: 'owner~name; usable as workerId.', examples: ['chela~hello'] }),
    title: Type.String({ examples: ['Hello'] }),
    description: Type.String({ examples: ['Greets everybody on a list.'] }),
    categories: Type.Integer({ description: 'Extension: category; 0 is none.', examples: [0] }),
    version: Type.String({ description: 'Extension: current version.', examples: ['v1.0.1'] }),
    is_public: Type.Boolean({ description: 'Extension: whether the store lists it.', examples: [true] }),
    icon_url: Type.String({
      description: 'Extension: path of its picture; empty where it has none.',
      examples: [''],
    }),
  },
  { title: 'Worker', description: 'A worker in a list' },
);

/** Path of a worker's picture; its query changes with the picture. */
function iconUrl({ slug, icon_key: key }: WorkerRecord): string {
  return key === null ? '' : `/api/v2/workers/${slug}/icon?v=${path.basename(key).slice(0, 8)}`;
}

export function workerShape(worker: WorkerRecord): Static<typeof Worker> {
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

export const ResultPage = Type.Object(
  {
    count: Type.Integer({ description: 'Rows of the run so far.', examples: [1] }),
    headers: Type.Array(
      Type.Object({
        key: Type.String({ description: 'Key in the rows.', examples: ['title'] }),
        label: Type.String({ description: 'Heading to show.', examples: ['Title'] }),
        format: Type.String({
          description: 'text, number, integer, boolean, array, object or what the worker says.',
          examples: ['text'],
        }),
      }),
    ),
    list: Type.Array(Type.Unknown(), {
      description: 'Rows: objects, each with the string __coreclaw_data_id__.',
      examples: [[{ title: 'Example', __coreclaw_data_id__: `${exampleSlug}-1` }]],
    }),
    page_index: Type.Integer({ description: 'Number of this page, from 1.', examples: [1] }),
    page_size: Type.Integer({ description: 'Rows on a full page.', examples: [20] }),
  },
  { title: 'ResultPage', description: 'A page of results' },
);

export const RunLog = Type.Object(
  {
    all_logs_url: Type.String({ description: 'Signed link to the whole log as text; it needs no header.' }),
    list: Type.Array(
      Type.Object({
        type: Type.Integer({ description: '1 debug, 2 info, 3 warn, 4 error.', examples: [2] }),
        group: Type.String({ description: 'Number of the subtask; 0 for the whole run.', examples: ['1'] }),
        content: Type.String({ examples: ['page 1 of 3'] }),
        timestamp: Type.Integer({ description: 'Unix milliseconds.', examples: [1_782_091_201_000] }),
      }),
      { description: 'The newest lines, oldest first.' },
    ),
    result_count: Type.Integer({ description: 'Rows of the run so far.', examples: [3] }),
  },
  { title: 'RunLog', description: 'The log of a run' },
);

export function logLineShape(line: StoredLogLine) {
  return {
    type: line.type,
    group: String(line.subtask),
    content: line.content,
    timestamp: line.logged_at.getTime(),
  };
}

const StartedRun = Type.Object(
  { run_slug: Type.String({ description: 'Identifier of the new run.', examples: [exampleSlug] }) },
  { title: 'StartedRun', description: 'A run that was started' },
);

/** Body fields of everything that starts a run. */
export const runBodyFields = {
  callback_url: Type.Optional(
    Type.String({
      description: 'Address that is told of status changes.',
      examples: ['https://client.example.com/callback'],
    }),
  ),
  is_async: Type.Optional(
    Type.Boolean({ description: 'false waits for the end and answers with the results. Defaults to true.' }),
  ),
  offset: Type.Optional(
    Type.Integer({ ...offset, default: 0, description: 'Page of results in a synchronous answer.' }),
  ),
  limit: Type.Optional(
    Type.Integer({ ...limit, description: 'Rows on the page of results in a synchronous answer.' }),
  ),
};

export const RerunBody = Type.Object(runBodyFields, { title: 'RerunBody', additionalProperties: false });
export type RunBody = Static<typeof RerunBody>;

const FinishedRun = Type.Object(
  {
    run_slug: Type.String({ examples: [exampleSlug] }),
    run_status: enumeration(runStatuses, { examples: ['succeeded'] }),
    is_finished: Type.Boolean({ description: 'false when the wait ended first; the run goes on.' }),
    error_message: Type.String({ description: 'Why it failed; empty where nothing went wrong.' }),
    result_message: Type.String({ examples: ['3 results'] }),
    execution_start_timestamp: Type.Integer({ description: 'Unix seconds; 0 before the start.' }),
    execution_end_timestamp: Type.Integer({ description: 'Unix seconds; 0 before the end.' }),
    running_duration: Type.Integer({ description: 'Seconds.' }),
    ...runEndFields,
    results: ResultPage,
  },
  { title: 'FinishedRun', description: 'The outcome of a synchronous run' },
);

/** The answer of everything that starts a run. The wider shape stands first: what is sent is written by the first that fits. */
export const RunAnswer = Type.Union([FinishedRun, StartedRun]);

export function finishedRunShape(run: RunRecord, isFinished: boolean, results: Static<typeof ResultPage>) {
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
