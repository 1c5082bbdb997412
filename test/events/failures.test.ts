import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Accounts } from '../../src/accounts/accounts.ts';
import { Database } from '../../src/database/database.ts';
import { ask } from '../http/checked-answer.ts';
import { recordEvents, type RecordedEvent } from '../support/recorded-events.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
let admin: string;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  const { accounts } = platform.platform;
  admin = await accounts.createKey((await accounts.ensure('admin')).id, 'test');
});
afterAll(async () => platform.close());

function failure(work: string) {
  const err = expect.objectContaining({ message: expect.stringContaining('does not exist') });
  return { name: 'internal:failed', payload: { work, err } };
}

function record(): RecordedEvent[] {
  const told: RecordedEvent[] = [];
  onTestFinished(recordEvents(platform.platform.events, (event) => told.push(event)));
  return told;
}

/** Starts the maintenance of accounts, which prunes old data, and stops it when that is done. */
async function keepAccounts(accounts: Accounts, key?: string): Promise<void> {
  const upkeep = accounts.upkeep();
  await upkeep.start();
  if (key !== undefined) await accounts.authenticate(key);
  await upkeep.stop();
}

test('maintenance that PostgreSQL refuses is reported with its error, per kind of work, and counted', async () => {
  const { pool } = platform.platform.database;
  const { key } = await platform.otherAccount('somebody');
  const told = record();
  await pool.query(`
    ALTER TABLE audit_entry RENAME TO hidden_audit_entry;
    ALTER TABLE session RENAME COLUMN expires_at TO hidden_expires_at;
    ALTER TABLE api_key RENAME COLUMN last_used_at TO hidden_last_used_at`);
  try {
    await keepAccounts(new Accounts(platform.platform), key);
  } finally {
    await pool.query(`
      ALTER TABLE hidden_audit_entry RENAME TO audit_entry;
      ALTER TABLE session RENAME COLUMN hidden_expires_at TO expires_at;
      ALTER TABLE api_key RENAME COLUMN hidden_last_used_at TO last_used_at`);
  }
  expect(told).toHaveLength(3);
  expect(told).toEqual(
    expect.arrayContaining([failure('prune-audit'), failure('prune-sessions'), failure('record-key-use')]),
  );
  const { data } = await ask<{ events: unknown[] }>(platform, '/system', { key: admin });
  expect(data.events).toEqual(
    expect.arrayContaining([{ event: 'internal:failed', work: 'prune-sessions', count: 1 }]),
  );
});

test('maintenance reports the database as unavailable while it is away', async () => {
  const logger = pino({ level: 'silent' });
  const database = new Database({ url: 'postgres://chela@127.0.0.1:1/chela', poolSize: 1, logger });
  onTestFinished(async () => database.close());
  const { config, events } = platform.platform;
  const told = record();
  await keepAccounts(new Accounts({ config, events, database }));
  expect(told.map(({ name }) => name)).toEqual(['database:unavailable', 'database:unavailable']);
});
