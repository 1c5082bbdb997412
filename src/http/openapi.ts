/** The OpenAPI document, generated from the schemas of the routes. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { completeDocument, type ApiDocument } from './openapi-document.ts';

const description = `API of a Chela installation, compatible with the CoreClaw API v2.

Every answer is an envelope: \`code\` 0 and \`data\` on success, otherwise an error \`code\`, a \`message\` that says what is wrong,
and sometimes \`details\`. \`request_id\` identifies the request in the server log. It is also sent as the header \`x-request-id\`.`;

/** @returns a function that returns the served document once all routes are registered */
export async function addOpenApi(app: FastifyInstance, version: string): Promise<() => ApiDocument> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Chela API',
        version,
        description,
        contact: { name: 'The operator of this installation' },
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'This installation' }],
      tags: [
        { name: 'worker-runs', description: 'Runs: status, log, results, abort, rerun.' },
        { name: 'files', description: 'Files that the workers of a run keep. Extensions.' },
        { name: 'workers', description: 'Workers: publishing, reading, running.' },
        { name: 'worker-tasks', description: 'Saved tasks: a worker with an input, and its schedule.' },
        { name: 'run-queue', description: 'Runs that are held until they are activated or released.' },
        { name: 'store', description: 'Public workers, which every account can run.' },
        { name: 'stores', description: 'JSON values by key that outlive runs. Extensions.' },
        { name: 'proxy', description: 'Regions of the proxy.' },
        { name: 'account', description: 'The authenticated account.' },
        { name: 'accounts', description: 'All accounts, for administrators.' },
        { name: 'statistics', description: 'Statistics of runs. Extensions.' },
        { name: 'system', description: 'The installation, for administrators.' },
      ],
      components: {
        securitySchemes: {
          BearerAuth: {
            type: 'http',
            scheme: 'bearer',
            description: '`Authorization: Bearer <key>`; preferred.',
          },
          ApiKeyAuth: { type: 'apiKey', in: 'header', name: 'api-key' },
          QueryTokenAuth: {
            type: 'apiKey',
            in: 'query',
            name: 'token',
            description: 'For clients that cannot send headers.',
          },
        },
      },
    },
  });
  let document: ApiDocument | undefined;
  const served = (): ApiDocument => (document ??= completeDocument(app.swagger()));
  app.get('/openapi.json', { schema: { hide: true } }, served);
  return served;
}
