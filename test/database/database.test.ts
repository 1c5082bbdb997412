import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Database } from '../../src/database/database.ts';
import { migrate } from '../../src/database/migrations.ts';
import { createPartitions, dayOf, dropPartitionsBefore } from '../../src/database/partitions.ts';
import { createTestDatabase } from '../support/test-database.ts';

const logger = pino({ level: 'silent' });

/** A database of this test, and a connection pool to it. */
async function openDatabase(template?: string): Promise<{ url: string; database: Database }> {
  const { url, drop } = await createTestDatabase(template);
  const database = new Database({ url, poolSize: 8, logger });
  onTestFinished(async () => {
    await database.close();
    await drop();
  });
  return { url, database };
}

describe('migrations', () => {
  test('are applied once and in order by many processes that start at once', async () => {
    const { url, database } = await openDatabase('template0');
    const applied = await Promise.all(Array.from({ length: 6 }, async () => migrate(url)));
    const folder = path.join(import.meta.dirname, '..', '..', 'src', 'database', 'migrations');
    const files = (await readdir(folder)).toSorted();
    expect(applied.filter((names) => names.length > 0)).toEqual([files]);
    expect(await migrate(url)).toEqual([]);
    const { rows } = await database.pool.query<{ name: string }>(
      'SELECT name FROM migration ORDER BY applied_at, name',
    );
    expect(rows.map(({ name }) => name)).toEqual(files);
  });

  test('refuse a database that a newer version has migrated', async () => {
    const { url, database } = await openDatabase();
    await database.pool.query(`INSERT INTO migration (name) VALUES ('9999_later.sql')`);
    await expect(migrate(url)).rejects.toThrow(
      'the database has migration 9999_later.sql of a newer Chela: install a newer version',
    );
  });
});

describe('a transaction', () => {
  test('is rolled back when its callback fails, and its connection is reused', async () => {
    const { database } = await openDatabase();
    const work = database.transaction(async (client) => {
      await client.query(`INSERT INTO account (name) VALUES ('half')`);
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect((await database.pool.query('SELECT FROM account')).rowCount).toBe(0);
    expect(database.pool.idleCount).toBe(database.pool.totalCount);
  });

  test('that loses its connection rejects, and nothing else is affected', async () => {
    const { url, database } = await openDatabase();
    const outside = new Client({ connectionString: url });
    await outside.connect();
    onTestFinished(async () => outside.end());
    const lost = database.transaction(async (client) => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const ended = new Promise((resolve) => {
        client.once('end', resolve);
      });
      await outside.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
      await ended;
      await client.query('SELECT 1');
    });
    await expect(lost).rejects.toThrow(/queryable|terminat/);
    expect((await database.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});

async function partitionsOf(database: Database, table: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    'SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1',
    [table],
  );
  return rows.map(({ name }) => name);
}

async function insertRow(database: Database, moment: Date, runId: number): Promise<string> {
  const { rows } = await database.pool.query<{ place: string }>(
    `INSERT INTO result_row (day, run_id, number, subtask, data) VALUES ($1, $2, 0, 1, '{}')
     RETURNING tableoid::regclass::text AS place`,
    [dayOf(moment), runId],
  );
  return rows[0]?.place ?? '';
}

describe('partitions', () => {
  const day = 24 * 3600 * 1000;
  const now = new Date('2031-03-01T23:59:59Z');

  test('of today and the next three days are created, by many processes at once and repeatedly', async () => {
    const { database } = await openDatabase();
    await Promise.all(Array.from({ length: 5 }, async () => createPartitions(database, now)));
    await createPartitions(database, now);
    for (const table of ['result_row', 'log_line']) {
      expect(await partitionsOf(database, table)).toEqual(
        ['2031_03_01', '2031_03_02', '2031_03_03', '2031_03_04', 'default'].map((name) => `${table}_${name}`),
      );
    }
    expect(await insertRow(database, now, 1)).toBe('result_row_2031_03_01');
  });

  test('are not created for a day that already has rows in the default partition; the rows stay and the other days get theirs', async () => {
    const { database } = await openDatabase();
    expect(await insertRow(database, now, 1)).toBe('result_row_default');
    await createPartitions(database, now);
    expect(await partitionsOf(database, 'result_row')).toContain('result_row_2031_03_02');
    expect(await insertRow(database, now, 2)).toBe('result_row_default');
    expect((await database.pool.query('SELECT FROM result_row')).rowCount).toBe(2);
  });

  test('of past days are dropped, along with the rows of those days in the default partition', async () => {
    const { database } = await openDatabase();
    await insertRow(database, new Date(now.getTime() - 9 * day), 1);
    await createPartitions(database, new Date(now.getTime() - 5 * day));
    await createPartitions(database, now);
    await insertRow(database, new Date(now.getTime() - 2 * day), 2);
    await insertRow(database, now, 3);
    const dropped = await dropPartitionsBefore(database, dayOf(new Date(now.getTime() - 2 * day)));
    expect(dropped.filter((name) => name.startsWith('result_row'))).toEqual(
      ['2031_02_24', '2031_02_25', '2031_02_26'].map((name) => `result_row_${name}`),
    );
    const { rows } = await database.pool.query('SELECT run_id FROM result_row ORDER BY run_id');
    expect(rows).toEqual([{ run_id: 2 }, { run_id: 3 }]);
  });
});
