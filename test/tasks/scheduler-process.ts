/**
 * A scheduler in a separate process, with a clock that its parent sets: each message is a time to check, answered
 * with the error, or an empty text.
 */
import { pino } from 'pino';
import { readConfig } from '../../src/configuration/configuration.ts';
import { Platform } from '../../src/platform/platform.ts';
import { Tasks } from '../../src/tasks/tasks.ts';

const config = readConfig(process.env);
const logger = pino({ level: 'silent' });
const platform = await Platform.open(
  { config, logger, parts: { api: false, runner: false } },
  config.databaseUrl,
);
await platform.start();

let now = new Date();
const { database, jobs, workers, runs, events } = platform;
const tasks = new Tasks({ database, jobs, workers, runs, config, events, now: async () => now });

process.on('message', (moment: string) => {
  now = new Date(moment);
  tasks.scheduler.fireDue().then(
    () => process.send?.(''),
    (error: Error) => process.send?.(error.stack ?? error.message),
  );
});
process.once('disconnect', () => void platform.stop(0));
process.send?.('ready');
