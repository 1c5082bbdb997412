import fastify from 'fastify';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { answerWithRows } from '../../src/http/row-answer.ts';
import { LargeRow } from '../../src/results/results.ts';

test('a page of large rows is sent while only a few of them are in memory', async () => {
  const text = 'x'.repeat(1_000_000);
  const count = 100;
  let loaded = 0;
  let received = 0;
  let mostHeld = 0;
  const rows = Array.from(
    { length: count },
    (_, index) =>
      new LargeRow(async () => {
        loaded += text.length;
        mostHeld = Math.max(mostHeld, loaded - received);
        return { text, __coreclaw_data_id__: `run-${index + 1}` };
      }),
  );
  const app = fastify();
  app.get('/', (request, reply) =>
    answerWithRows(request, reply, rows, (list) => ({ count, list, note: '"list":[]' })),
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    const { port } = app.server.address() as AddressInfo;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    get({ host: '127.0.0.1', port }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => {
        received += piece.length;
        pieces.push(piece);
      });
      answer.on('end', () => resolve(Buffer.concat(pieces).toString()));
      answer.on('error', reject);
    }).on('error', reject);
    const envelope = JSON.parse(await promise) as { data: { list: { text: string }[]; note: string } };
    expect(envelope.data.list.every((row) => row.text === text)).toBe(true);
    expect([envelope.data.list.length, envelope.data.note]).toEqual([count, '"list":[]']);
    expect(mostHeld).toBeLessThan(20_000_000);
  } finally {
    await app.close();
  }
});
