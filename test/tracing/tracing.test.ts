import { afterAll, beforeAll, expect, test } from 'vitest';
import { executionSteps } from '../../src/events/events.ts';
import { parseTraceparent } from '../../src/tracing/traceparent.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { TraceReceiver, type ReceivedSpan } from './support/receiver.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerSpan = '00f067aa0ba902b7';

let receiver: TraceReceiver;
let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  receiver = await TraceReceiver.start();
  platform = await startTestPlatform({
    tracesUrl: receiver.url,
    tracesHeaders: { authorization: 'Bearer of-the-receiver' },
    // Only requests that ask for it.
    tracesRatio: 0,
  });
  worker = await publishScriptedWorker(platform, 'Traced');
});
afterAll(async () => {
  await platform.close();
  receiver.close();
});

async function start(traceparent?: string): Promise<string> {
  const response = await fetch(`${platform.url}/api/v2/workers/${worker}/runs`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${platform.key}`,
      'content-type': 'application/json',
      ...(traceparent !== undefined && { traceparent }),
    },
    body: JSON.stringify({
      input: {
        parameters: { custom: { script: 'await sdk.result.pushData({ n: 1 });', items: ['1', '2'] } },
      },
    }),
  });
  return ((await response.json()) as { data: { run_slug: string } }).data.run_slug;
}

function parentIn(spans: readonly ReceivedSpan[], { parentSpanId }: ReceivedSpan): string | undefined {
  return spans.find(({ spanId }) => spanId === parentSpanId)?.name;
}

test('a trace leads from the caller over the request, the run and its subtasks to their steps', async () => {
  const slug = await start(`00-${traceId}-${callerSpan}-01`);
  await platform.finished(slug);
  const run = await receiver.span(
    ({ name, attributes }) => name === 'run' && attributes['chela.run'] === slug,
  );
  for (const subtask of [1, 2]) {
    await receiver.span(
      ({ name, attributes }) => name === 'subtask' && attributes['chela.subtask'] === subtask,
    );
  }
  await receiver.span(({ name }) => name === 'runWorker');
  const spans = receiver.spans.filter((span) => span.traceId === traceId);
  expect(spans.find(({ name }) => name === 'runWorker')?.parentSpanId).toBe(callerSpan);
  expect(spans.map((span) => `${parentIn(spans, span) ?? 'caller'} > ${span.name}`).toSorted()).toEqual(
    [
      'caller > runWorker',
      'runWorker > run',
      'run > queue',
      'run > subtask',
      'run > subtask',
      ...executionSteps.flatMap((step) => [`subtask > ${step}`, `subtask > ${step}`]),
    ].toSorted(),
  );
  expect(run.attributes).toMatchObject({
    'chela.status': 'succeeded',
    'chela.reason': 'succeeded',
    'chela.subtasks': 2,
  });
  expect(run.resource).toMatchObject({ 'service.name': 'chela', 'process.pid': process.pid });
  for (const { startTimeUnixNano, endTimeUnixNano } of spans)
    expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano)).toBe(true);
  expect(receiver.headers[0]?.['authorization']).toBe('Bearer of-the-receiver');
});

test('requests and runs that are not sampled make no spans', async () => {
  const slugs = [await start(), await start(`00-${traceId.replace('4', '5')}-${callerSpan}-00`)];
  for (const slug of slugs) await platform.finished(slug);
  const { rows } = await platform.platform.database.pool.query(
    'SELECT FROM run WHERE slug = ANY($1) AND traceparent IS NULL AND parent_span_id IS NULL',
    [slugs],
  );
  expect(rows).toHaveLength(2);
  expect(receiver.spans.filter((span) => span.traceId !== traceId)).toEqual([]);
});

test.each([
  ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', true],
  ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00', false],
  // A later version may be longer.
  ['01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more', true],
])('%s is a traceparent', (header, isSampled) => {
  expect(parseTraceparent(header)).toEqual({ traceId, spanId: callerSpan, isSampled });
});

test.each([
  undefined,
  '',
  'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more',
  '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
  '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
  '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
  `00-${'4'.repeat(100_000)}`,
])('%.60s is no traceparent', (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});
