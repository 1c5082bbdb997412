import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { executionSteps } from '../../src/events/events.ts';
import { ChelaProcess } from '../platform/support/chela-process.ts';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { alertRules, metricsOf, panelQueries } from './support/monitoring-files.ts';
import { Exposition } from './support/exposition.ts';

const token = 'token-of-the-monitoring';
const receiver = createServer((request, response) => {
  request.resume();
  response.end();
});

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  platform = await startTestPlatform({
    metricsToken: token,
    runnerSlots: 2,
    callbackAllowedTargets: ['127.0.0.1'],
  });
  worker = await publishScriptedWorker(platform, 'Metered');
});
afterAll(async () => {
  await platform.close();
  receiver.close();
});

function ask(path: string, credential = token): Promise<Response> {
  return fetch(`${platform.url}${path}`, { headers: { authorization: `Bearer ${credential}` } });
}

async function start(
  custom: Record<string, unknown>,
  options: Record<string, unknown> = {},
): Promise<string> {
  const body = { input: { parameters: { custom } }, ...options };
  return (await platform.call<{ run_slug: string }>(`/workers/${worker}/runs`, { body })).data.run_slug;
}

async function scrape(): Promise<Exposition> {
  const response = await ask('/metrics');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/);
  return Exposition.parse(await response.text());
}

test('the metrics count runs, rows, lines, claims, steps, callbacks and requests', async () => {
  const { port } = receiver.address() as AddressInfo;
  const script = `for (const n of [1, 2, 3]) await sdk.result.pushData({ n });
    await sdk.log.info('a line of the worker');
    if (input.items[0] === 'fail') process.exit(3);`;
  const callback = { callback_url: `http://127.0.0.1:${port}/` };
  const good = await start({ script, items: ['one'] }, callback);
  const bad = await start({ script, items: ['fail'] });
  await Promise.all([platform.finished(good), platform.finished(bad)]);
  const metrics = await eventually(async () => {
    const scraped = await scrape();
    const delivered = scraped.value('chela_callback_attempts_total', { outcome: 'delivered' }) ?? 0;
    // Events follow the commits that others wait for.
    return delivered >= 2 && scraped.value('chela_runs_finished_total') === 2 ? scraped : undefined;
  });
  expect(metrics.value('chela_runs_finished_total', { status: 'succeeded', reason: 'succeeded' })).toBe(1);
  expect(metrics.value('chela_runs_finished_total', { status: 'failed' })).toBe(1);
  expect(metrics.value('chela_rows_stored_total')).toBe(6);
  expect(metrics.value('chela_log_lines_stored_total')).toBeGreaterThanOrEqual(2);
  expect(metrics.value('chela_subtasks_claimed_total')).toBe(2);
  expect(metrics.value('chela_run_wait_seconds_count')).toBe(2);
  const steps = executionSteps.map((step) => metrics.value('chela_subtask_step_seconds_count', { step }));
  expect(steps).toEqual(executionSteps.map(() => 2));
  expect(
    metrics.value('chela_http_request_duration_seconds_count', {
      operation: 'runWorker',
      method: 'POST',
      status: '2xx',
    }),
  ).toBe(2);
  expect(metrics.value('chela_database_up')).toBe(1);
  expect(metrics.value('chela_disk_free_bytes', { folder: 'data' })).toBeGreaterThan(0);
  expect(metrics.value('chela_database_pool_size')).toBe(8);
  expect(metrics.value('chela_runner_slots')).toBe(2);
  expect(metrics.value('chela_jobs', { kind: 'deliver-callbacks', state: 'later' })).toBe(0);
  expect(metrics.value('process_resident_memory_bytes')).toBeGreaterThan(0);
});

test('labels have no slugs, paths or names, whatever clients ask for', async () => {
  const slugs = [worker, 'never-published', 'half a pair \uD800'].map(encodeSafely);
  for (const slug of slugs) {
    await ask(`/api/v2/workers/${slug}`);
    await ask(`/nowhere/${slug}`);
  }
  await fetch(`${platform.url}/api/v2/workers`, { method: 'PROPFIND' }).catch(() => undefined);
  const values = (await scrape()).labelValues();
  for (const slug of slugs) expect(values.filter((value) => value.includes(slug))).toEqual([]);
  expect(values.filter((value) => value.includes('/') || value.includes('PROPFIND'))).toEqual([]);
});

function encodeSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

test('only the token opens the metrics', async () => {
  for (const path of ['/metrics', '/metrics/queue']) {
    expect((await fetch(`${platform.url}${path}`)).status).toBe(401);
    expect((await ask(path, 'token-of-the-monitorinG')).status).toBe(401);
    expect((await ask(path, platform.key)).status).toBe(401);
    expect((await ask(path)).status).toBe(200);
  }
});

test('the queue is a small JSON for autoscalers', async () => {
  const slug = await platform.runAsync(worker, { script: runForever, items: ['1', '2', '3'] });
  const queue = await eventually(async () => {
    const found = (await (await ask('/metrics/queue')).json()) as { running: number };
    return found.running === 2 ? found : undefined;
  });
  expect(queue).toEqual({
    waiting: 1,
    held: 0,
    running: 2,
    oldest_wait_seconds: expect.toSatisfy((seconds: number) => seconds > 0),
    runners: 1,
    slots: 2,
  });
  await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
  await platform.finished(slug);
});

test('the dashboard and the alert rules ask only for figures that exist', async () => {
  const names = (await scrape()).names();
  const queries = [...(await alertRules()).map(({ expr }) => expr), ...(await panelQueries())];
  expect(queries.length).toBeGreaterThan(40);
  const asked = queries.map((query) => ({ query, metrics: metricsOf(query) }));
  // Prometheus itself makes `up` for each target.
  const wrong = asked.filter(
    ({ metrics }) => metrics.length === 0 || metrics.some((name) => name !== 'up' && !names.has(name)),
  );
  expect(wrong).toEqual([]);
});

test('docs/operating.md has a section for each alert, and a line for each figure', async () => {
  const alerts = await alertRules();
  const guide = await readFile(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  const sections = Array.from(guide.matchAll(/^### (Chela\w+)$/gm), ([, name]) => name);
  expect(sections).toEqual(alerts.map(({ alert }) => alert));
  expect(alerts.map(({ annotations }) => annotations.runbook)).toEqual(
    alerts.map(({ alert }) => `docs/operating.md#${alert.toLowerCase()}`),
  );
  const listed = new Set(guide.match(/\bchela_[a-z_]+/g));
  // The guide names histograms without a suffix.
  const own = Array.from((await scrape()).names(), (name) => name.replace(/_(?:bucket|count|sum)$/, ''));
  expect(own.filter((name) => name.startsWith('chela_') && !listed.has(name))).toEqual([]);
});

test('a runner has metrics, health and readiness on a port of its own', async () => {
  const runner = new ChelaProcess(['runner', '--metrics-port', '0'], {
    CHELA_DATA_DIR: platform.platform.config.dataDir,
    DATABASE_URL: platform.databaseUrl,
    CHELA_STOP_GRACE_SECONDS: '3600',
    CHELA_RUNNER_SLOTS: '5',
  });
  onTestFinished(async () => {
    await runner.kill();
  });
  const line = await runner.printed(/metrics are at (\S+)\/metrics/);
  const url = line[1] ?? '';
  const status = async (path: string): Promise<{ code: number; status: string }> => {
    const response = await fetch(`${url}${path}`);
    return { code: response.status, ...((await response.json()) as { status: string }) };
  };
  await eventually(async () => ((await status('/ready')).status === 'ready' ? true : undefined));
  expect(await status('/health')).toMatchObject({ code: 200, status: 'ok' });
  expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
  const metrics = await Exposition.parse(await (await fetch(`${url}/metrics`)).text());
  expect(metrics.value('chela_runner_slots')).toBe(7);
  const slug = await platform.runAsync(worker, {
    script: runForever,
    items: Array.from({ length: 7 }, (_, item) => String(item)),
  });
  await eventually(async () => {
    const { running } = (await (await ask('/metrics/queue')).json()) as { running: number };
    return running === 7 ? true : undefined;
  });
  process.kill(runner.pid, 'SIGTERM');
  const draining = await eventually(async () => {
    const found = await status('/ready');
    return found.code === 503 ? found : undefined;
  });
  expect(draining.status).toBe('stopping');
  expect(await status('/health')).toMatchObject({ code: 200 });
  await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
  await platform.finished(slug);
  expect((await runner.ended).exitCode).toBe(0);
});

test('the port of the API has no metrics without a token', async () => {
  const other = await startTestPlatform({}, { api: true, runner: false });
  onTestFinished(() => other.close());
  expect((await fetch(`${other.url}/metrics`)).status).toBe(404);
});
