/**
 * A Fastify server with one route that queries the database as `runs/last` does, and nothing else: no key, no limit, no
 * schema, no envelope. Arguments: database URL, pool size, account. Prints its port.
 */
import Fastify from 'fastify';
import { pino } from 'pino';
import { Database } from '../../src/database/database.ts';
import { RunReader } from '../../src/runs/read.ts';

const [url = '', poolSize, accountId] = process.argv.slice(2);
const database = new Database({ url, poolSize: Number(poolSize), logger: pino({ level: 'warn' }) });
const runs = new RunReader(database);
const app = Fastify();

app.get('/:workerId', async (request) => {
  const { workerId } = request.params as { workerId: string };
  return runs.lastOfWorker(Number(accountId), workerId);
});
const address = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`port ${new URL(address).port}\n`);
