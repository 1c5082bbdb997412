import { expect, test } from 'vitest';
import { CommandError } from '../../src/commands/command-error.ts';
import { explainDatabase } from '../../src/commands/explain-database.ts';

test('a command whose database has a full disk ends with a sentence, other errors stay', () => {
  const full = Object.assign(new Error('could not extend file "base/1/2": No space left on device'), {
    code: '53100',
  });
  const explained = explainDatabase(full, { databaseUrl: '', databaseWaitSeconds: 60 });
  expect(explained).toBeInstanceOf(CommandError);
  expect(explained).toHaveProperty('message', `the disk of the database is full: ${full.message}`);
  const syntax = Object.assign(new Error('syntax error'), { code: '42601' });
  expect(explainDatabase(syntax, { databaseUrl: '', databaseWaitSeconds: 60 })).toBe(syntax);
});
