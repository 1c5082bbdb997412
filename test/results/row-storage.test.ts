import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseRow } from '../../src/results/row.ts';
import { RandomJson } from '../json/random-json.ts';
import { createTestDatabase } from '../support/test-database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

test('PostgreSQL stores every parsed row, its keys and its upsert pair unchanged', async () => {
  const random = new RandomJson(8);
  const pushed = [
    `{"deep":${'['.repeat(199)}${']'.repeat(199)}}`,
    '{"a":"\\u0000","b":"\\ud800","c":"x\udc00","\\u0000":1e400}',
    `{"__coreclaw_upsert_key__":"a\\u0000","__coreclaw_upsert_value__":"\\udc00\\ud800","a":NaN}`,
  ];
  for (let round = 0; round < 500; round += 1) pushed.push(random.object());
  const rows = pushed.map(parseRow);
  const texts = rows.map(({ text }) => text);
  const names = rows.flatMap(({ keys, upsert }) => [...keys, upsert?.key ?? '', upsert?.value ?? '']);
  const { rows: stored } = await client.query<{ data: string[]; names: string[] }>(
    `SELECT (SELECT array_agg(data::text ORDER BY place) FROM unnest($1::json[]) WITH ORDINALITY AS row (data, place)) AS data,
            $2::text[] AS names`,
    [texts, names],
  );
  expect(stored).toEqual([{ data: texts, names }]);
});

test('the longest key fits into an index', async () => {
  await client.query('CREATE TEMPORARY TABLE indexed (run_id bigint, key text, PRIMARY KEY (run_id, key))');
  const random = new RandomJson(9);
  // Characters of three bytes that do not compress.
  const longest = String.fromCharCode(...Array.from({ length: 800 }, () => 0x4e00 + random.below(0x5000)));
  const { keys } = parseRow(JSON.stringify({ [longest]: 1, [`${longest}x`]: 2 }));
  expect(keys).toEqual([longest]);
  await expect(client.query('INSERT INTO indexed VALUES (1, $1)', keys)).resolves.toMatchObject({
    rowCount: 1,
  });
});
