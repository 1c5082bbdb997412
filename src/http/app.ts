/** The HTTP server: plugins, hooks and error answers around the operations of the API. */
import cookie from '@fastify/cookie';
import cors from '@fastify/cors';
import multipart from '@fastify/multipart';
import rateLimit from '@fastify/rate-limit';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { ChelaError, invalidArgument } from '../errors.ts';
import { JsonError, parseJson } from '../json/lossless-json.ts';
import type { ApiApp, ApiContext } from './api-context.ts';
import { addCompression } from './compression.ts';
import { addConsole } from './console.ts';
import { identify, requireAccount, requireAdmin } from './authentication.ts';
import { addDocumentation } from './documentation.ts';
import { addErrorAnswers, answerMalformedRequest, answerUnroutable } from './error-answers.ts';
import { addFiles } from './files.ts';
import { addMonitoring, meterRequests, traceRequests } from './monitoring.ts';
import { addOpenApi } from './openapi.ts';
import { isOptionalBody } from './openapi-document.ts';
import { addAccountOperations } from './v2/account.ts';
import { addAccountsOperations } from './v2/accounts.ts';
import { addApiKeyOperations } from './v2/api-keys.ts';
import { addAuditLogOperations } from './v2/audit-log.ts';
import { addFirstStepOperations } from './v2/first-steps.ts';
import { addProxyOperations } from './v2/proxy.ts';
import { addCallbackOperations } from './v2/callbacks.ts';
import { addRunEventOperations } from './v2/run-events.ts';
import { addRunComparisonOperation } from './v2/run-comparison.ts';
import { addRunExportOperations } from './v2/run-exports.ts';
import { addRunFileOperations } from './v2/run-files.ts';
import { addRunInputOperations } from './v2/run-inputs.ts';
import { addRunLogLineOperations } from './v2/run-log-lines.ts';
import { addRunOperations } from './v2/run-operations.ts';
import { addRunQueueOperations } from './v2/run-queue.ts';
import { addRunCareOperations } from './v2/run-care.ts';
import { addRunSearchOperations } from './v2/run-search.ts';
import { addRunNetworkOperations } from './v2/run-network.ts';
import { addRunSubtaskOperations } from './v2/run-subtasks.ts';
import { addRunUsageOperations } from './v2/run-usage.ts';
import { addScheduleTimezoneOperations } from './v2/schedule-timezone.ts';
import { addSessionOperations } from './v2/sessions.ts';
import { addSchedulePreviewOperation, addScheduleTickOperations } from './v2/schedule-ticks.ts';
import { addSetupOperations } from './v2/setup.ts';
import { addStatisticsOperations } from './v2/statistics.ts';
import { addStoreOperations } from './v2/stores.ts';
import { addSystemOperations } from './v2/system.ts';
import { addWorkerEditOperations } from './v2/worker-edits.ts';
import { addWorkerGitOperations } from './v2/worker-git.ts';
import { addWorkerRunOperations } from './v2/worker-runs.ts';
import { addWorkerSettingsOperations } from './v2/worker-settings.ts';
import { addWorkerTaskOperations } from './v2/worker-tasks.ts';
import { addWorkerTemplateOperations } from './v2/worker-templates.ts';
import { addWorkerUploadOperations, formFieldBytes } from './v2/worker-uploads.ts';
import { addWorkerVersionFileOperations } from './v2/worker-version-files.ts';
import { addWorkerVersionOperations } from './v2/worker-versions.ts';
import { addWorkerOperations } from './v2/workers.ts';
import { serializerCompiler } from './serialization.ts';
import { validatorCompiler } from './validation.ts';
import { boundSlowBodies } from './slow-bodies.ts';
import { takeTurn } from '../requests-in-turn.ts';

export type { ApiContext } from './api-context.ts';
export { ApiServer } from './server.ts';
export { SignedLinks } from './signed-links.ts';

const basePath = '/api/v2';
/** Retry-After for clients that arrive while the server is stopping. */
const retryAfterSeconds = 5;

/** Builds the server without listening. */
export async function buildApp(context: ApiContext, logger: FastifyBaseLogger): Promise<ApiApp> {
  const { config } = context;
  const app = Fastify({
    // The library of uploads logs the headers of requests, at a level that cannot be set.
    loggerInstance: logger.child({}, { redact: { paths: ['busboyOptions'], remove: true } }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: () => randomUUID(),
    bodyLimit: config.bodyLimitBytes,
    // Bounds the time that a slow request can hold a connection.
    requestTimeout: 10 * 60 * 1000,
    // Node's own answer would not have the envelope either.
    http: { requireHostHeader: false },
    // Fastify's own answer would not have the envelope.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
    // Otherwise anyone could choose the address that limits apply to.
    trustProxy: config.trustedProxies.length > 0 && [...config.trustedProxies],
    frameworkErrors: answerUnroutable,
    clientErrorHandler: answerMalformedRequest,
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  addJsonBodies(app);
  addErrorAnswers(app, context.events, (request, reply) => answerPage(request, reply));
  app.addHook('onRequest', (request, reply, done) => takeTurn(request.raw, reply.raw, done));
  app.addHook('onRequest', (request, _reply, done) => done(hostProblem(request)));
  boundSlowBodies(app, config);
  app.decorateRequest('accountId', 0);
  app.decorateRequest('apiKeyId', 0);
  app.decorateRequest('session', undefined);
  if (context.onAnswered !== undefined) meterRequests(app, context.onAnswered);
  if (context.tracing !== undefined) traceRequests(app, context.tracing);
  await app.register(cookie);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    if (context.closing.aborted) {
      reply.header('retry-after', retryAfterSeconds);
      throw new ChelaError('SHUTTING_DOWN');
    }
    done();
  });
  await app.register(cors, {
    origin: config.corsOrigins.includes('*') ? '*' : [...config.corsOrigins],
    methods: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
    allowedHeaders: [
      'content-type',
      'authorization',
      'api-key',
      'idempotency-key',
      'if-match',
      'if-none-match',
      'x-chela-origin',
    ],
    exposedHeaders: ['x-request-id', 'retry-after', 'etag'],
    maxAge: 600,
    // Otherwise an OPTIONS request that is not a preflight gets an answer without the envelope.
    strictPreflight: false,
  });
  await addCompression(app);
  const openApiDocument = await addOpenApi(app, context.version);
  await app.register(async (api) => addApi(api.withTypeProvider<TypeBoxTypeProvider>(), context), {
    prefix: basePath,
  });
  const answerPage = await addConsole(app);
  addDocumentation(app, context, openApiDocument);
  addFiles(app, context);
  addMonitoring(app, context);
  return app;
}

/** HTTP/1.1 requires the header. Links would be useless without it. */
function hostProblem({ raw, headers }: FastifyRequest): ChelaError | undefined {
  if (headers.host !== undefined || raw.httpVersion === '1.0') return undefined;
  return invalidArgument('the request has no Host header, which HTTP/1.1 requires');
}

async function addApi(api: ApiApp, context: ApiContext): Promise<void> {
  const { config } = context;
  await api.register(rateLimit, {
    global: config.rateLimitPerMinute > 0,
    max: config.rateLimitPerMinute,
    timeWindow: 60_000,
    keyGenerator: ({ accountId, ip }) => (accountId === 0 ? ip : `account ${accountId}`),
    errorResponseBuilder: (_request, { after }) =>
      new ChelaError('RATE_LIMITED', `too many requests: try again in ${after}`),
  });
  api.addHook('onRequest', async (request) => {
    dropEmptyQueryValues(request);
    await identify(request, context.accounts);
  });
  // After the rate limit, so that guessing keys is limited too, and before the body is read.
  api.addHook('preParsing', async (request) => {
    requireAccount(request);
    await requireAdmin(request, context.accounts);
  });
  api.addHook('preValidation', (request, _reply, done) => {
    refuseUnstorableText(request);
    if (isAbsent(request.body, request.routeOptions.schema?.body)) request.body = {};
    done();
  });
  addProxyOperations(api, context);
  addAccountOperations(api, context);
  addWorkerOperations(api, context);
  await api.register(async (uploads) => {
    await uploads.register(multipart, {
      throwFileSizeLimit: false,
      limits: { fileSize: config.packageLimitBytes, files: 3, fields: 20, fieldSize: formFieldBytes },
    });
    addWorkerUploadOperations(uploads.withTypeProvider<TypeBoxTypeProvider>(), context);
  });
  addWorkerVersionOperations(api, context);
  addWorkerVersionFileOperations(api, context);
  addWorkerEditOperations(api, context);
  addWorkerGitOperations(api, context);
  addWorkerSettingsOperations(api, context);
  addWorkerRunOperations(api, context);
  addRunOperations(api, context);
  addRunComparisonOperation(api, context);
  addRunInputOperations(api, context);
  addRunLogLineOperations(api, context);
  addRunSearchOperations(api, context);
  addRunCareOperations(api, context);
  addRunSubtaskOperations(api, context);
  addRunNetworkOperations(api, context);
  addRunQueueOperations(api, context);
  addWorkerTaskOperations(api, context);
  addWorkerTemplateOperations(api);
  addScheduleTimezoneOperations(api, context);
  addRunEventOperations(api, context);
  addRunExportOperations(api, context);
  addRunFileOperations(api, context);
  addCallbackOperations(api, context);
  addRunUsageOperations(api, context);
  addApiKeyOperations(api, context);
  addAccountsOperations(api, context);
  addAuditLogOperations(api, context);
  addFirstStepOperations(api, context);
  addSetupOperations(api, context);
  addSessionOperations(api, context);
  addStatisticsOperations(api, context);
  addScheduleTickOperations(api, context);
  addSchedulePreviewOperation(api, context);
  addStoreOperations(api, context);
  addSystemOperations(api, context);
}

/** Whether a request omits the body of its operation. Generated clients send `null` for an omitted optional body. */
function isAbsent(body: unknown, schema: unknown): boolean {
  if (schema === undefined) return false;
  return body === undefined || (body === null && isOptionalBody(schema));
}

/** Parses JSON bodies and keeps large integers. An empty body counts as an empty object, for every method. */
function addJsonBodies(app: ApiApp): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    const text = body.toString();
    if (text.trim() === '') {
      done(null, {});
      return;
    }
    try {
      done(null, parseJson(text));
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      done(invalidArgument(`the body is not valid JSON: ${error.message}`));
    }
  });
}

/** Clients send `keyword=` for parameters without a value. */
function dropEmptyQueryValues(request: FastifyRequest): void {
  const query = request.query as Record<string, unknown>;
  for (const [name, value] of Object.entries(query)) if (value === '') delete query[name];
}

/**
 * PostgreSQL's text cannot contain U+0000, and UTF-8 no half of a surrogate pair, so such values cannot be searched or
 * stored. Deeper levels of a body, such
 * as the input of a worker, are stored as JSON and may contain it.
 */
function refuseUnstorableText(request: FastifyRequest): void {
  if (Object.values(request.params as Record<string, string>).some((value) => value.includes('\0'))) {
    throw new ChelaError('NOT_FOUND', 'identifiers must not contain the character U+0000');
  }
  const fields = [request.query, request.body].flatMap((values) => Object.entries(values ?? {}));
  for (const [name, value] of fields) {
    const texts = [value].flat().filter((item) => typeof item === 'string');
    if (texts.some((text) => text.includes('\0'))) {
      throw new ChelaError('INVALID_SHAPE', `${name} must not contain the character U+0000`);
    }
    // Lists may contain identifiers, each of which has an answer of its own.
    if (typeof value === 'string' && !value.isWellFormed()) {
      throw new ChelaError('INVALID_SHAPE', `${name} must not contain half of a surrogate pair`);
    }
  }
}
