/** Headings and sentences of an operation's page in English. Other languages have the same keys. */
export const englishLabels = {
  authentication:
    'Authenticate with Authorization: Bearer <key>, the header api-key: <key>, or ?token=<key>. Prefer the bearer token. One valid credential is enough.',
  publicText: 'This operation is public. Credentials are ignored.',
  whenToUse: 'What it is for',
  identifiers: 'Identifiers',
  identifierTexts: {
    workerId:
      'workerId is the slug of a worker, or its path as owner~name. "Try it" also accepts owner/name and sends it as owner~name.',
    runId: 'runId is the slug of a run: the run_slug in the answer that started it.',
    workerTaskId: 'workerTaskId is the slug of a saved task.',
    queueId: 'queueId is the queue_ref of a held run.',
    last: 'last is the newest run in scope, whatever its status. To address a specific run, use runId.',
  },
  pathParameters: 'Path parameters',
  queryParameters: 'Query parameters',
  headerParameters: 'Headers',
  bodyFields: 'Body fields',
  requestExample: 'Request example',
  responseExample: 'Response example',
  responseFields: 'Response fields',
  responses: 'HTTP responses',
  status: 'HTTP status',
  codes: 'Application code',
  meaning: 'Meaning',
  success: 'success',
};

export type ReferenceLabels = typeof englishLabels;
