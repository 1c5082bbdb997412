import { expect, test } from 'vitest';
import { migrationRisks } from '../../src/database/migration-risks.ts';
import { statementsOf } from '../../src/database/sql-statements.ts';

test.each([
  ['CREATE INDEX run_x ON run (x)', 'index'],
  ['create unique index if not exists x ON log_line (id)', 'index'],
  ['ALTER TABLE run ADD COLUMN x uuid DEFAULT gen_random_uuid()', 'rewrite-for-default'],
  ['ALTER TABLE run ADD COLUMN x text DEFAULT random()::text', 'rewrite-for-default'],
  ['ALTER TABLE run ADD COLUMN x int GENERATED ALWAYS AS (1) STORED', 'rewrite-for-default'],
  ['ALTER TABLE ONLY result_row ADD x bigint GENERATED ALWAYS AS IDENTITY', 'rewrite-for-default'],
  ['ALTER TABLE run ALTER COLUMN usage TYPE text', 'rewrite-for-type'],
  ['ALTER TABLE run ALTER x SET NOT NULL', 'not-null'],
  [`ALTER TABLE run ADD CHECK (x <> ';')`, 'constraint'],
  ['ALTER TABLE subtask ADD FOREIGN KEY (x) REFERENCES run', 'constraint'],
  ['ALTER TABLE run ADD UNIQUE (x)', 'unique'],
  ['UPDATE run SET x = 1', 'all-rows'],
  ['DELETE FROM callback', 'all-rows'],
  ['LOCK TABLE run', 'whole-table'],
  ['CLUSTER run USING run_pkey', 'whole-table'],
  ['VACUUM FULL run', 'whole-table'],
])('%s is a risk', (sql, rule) => {
  expect(migrationRisks(`-- CREATE INDEX a ON run (b);\n${sql};`)).toMatchObject([{ rule }]);
});

test.each([
  'CREATE INDEX CONCURRENTLY run_x ON run (x)',
  'CREATE INDEX worker_x ON worker (x)',
  'ALTER TABLE run ADD COLUMN x text',
  `ALTER TABLE run ADD COLUMN x text NOT NULL DEFAULT 'random()'`,
  'ALTER TABLE run ADD CONSTRAINT c CHECK (x > 0) NOT VALID',
  'ALTER TABLE run VALIDATE CONSTRAINT c',
  'ALTER TABLE run ADD CONSTRAINT u UNIQUE USING INDEX run_x',
  'UPDATE run SET x = 1 WHERE id < 100',
  'ALTER TABLE run ALTER COLUMN x SET DEFAULT 1',
  `COMMENT ON COLUMN run.x IS 'CREATE INDEX on run'`,
  'ALTER TABLE worker ALTER COLUMN x SET NOT NULL',
])('%s is none', (sql) => {
  expect(migrationRisks(sql)).toEqual([]);
});

test('statements are told apart by semicolons outside of quotes, bodies and comments', () => {
  const body = `CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $a$ SELECT ';' $a$`;
  expect(statementsOf(`-- a; b\nSELECT 'it''s;'; /* c; */ ${body};\nSELECT "x;y", $1;`)).toEqual([
    `SELECT 'it''s;'`,
    body,
    'SELECT "x;y", $1',
  ]);
});
