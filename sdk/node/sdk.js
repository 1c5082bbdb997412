'use strict';

/**
 * Connects a worker to the platform: reads the input, pushes rows and writes log lines. README.md in this folder
 * explains it with examples. Every function returns a promise; a refused call rejects with an SdkError.
 */

const { format } = require('node:util');
const { Client, credentials, status } = require('@grpc/grpc-js');
const methods = require('./sdk_grpc_pb');

const address = '127.0.0.1:20086';

/** More concurrent calls are not faster and use more memory. Further calls wait here, in order. */
const maxCallsInFlight = 64;

/** A call that the platform refused, or that failed to reach it. */
class SdkError extends Error {
  /**
   * @param {string} message what went wrong
   * @param {number} code the platform's code, or the gRPC status if there was no answer
   */
  constructor(message, code, options) {
    super(message, options);
    this.name = 'SdkError';
    this.code = code;
  }
}

let client;
let closed = false;
let callsInFlight = 0;
const waitingCalls = [];
const unsettledCalls = new Set();

function connect() {
  return new Client(`ipv4:${address}`, credentials.createInsecure(), {
    // The endpoint is local; a proxy in the environment is meant for the worker's targets.
    'grpc.enable_http_proxy': 0,
    'grpc.max_receive_message_length': -1,
  });
}

function sendRequest({ path, requestSerialize, responseDeserialize }, request) {
  client ??= connect();
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) => {
      if (error?.code === status.UNAVAILABLE) {
        const message = `no answer from ${address}, which exists only inside the platform: ${error.details}`;
        reject(new SdkError(message, error.code, { cause: error }));
      } else if (error) {
        reject(new SdkError(`${path} failed: ${error.details}`, error.code, { cause: error }));
      } else if (response.code !== 0) {
        reject(new SdkError(`${path} was refused: ${response.message}`, response.code));
      } else {
        resolve(response);
      }
    });
  });
}

async function takeTurn() {
  if (callsInFlight < maxCallsInFlight) {
    callsInFlight += 1;
    return;
  }
  await new Promise((resolve) => {
    waitingCalls.push(resolve);
  });
}

/** Passes the place of a finished call to the call that has waited longest. */
function passTurn() {
  const next = waitingCalls.shift();
  if (next) next();
  else callsInFlight -= 1;
}

async function sendInTurn(method, request) {
  await takeTurn();
  try {
    return await sendRequest(method, request);
  } finally {
    passTurn();
  }
}

async function call(method, request) {
  if (closed) throw new SdkError(`${method.path} was called after close()`, status.CANCELLED);
  const unsettled = sendInTurn(method, request);
  unsettledCalls.add(unsettled);
  try {
    return await unsettled;
  } finally {
    unsettledCalls.delete(unsettled);
  }
}

/**
 * The input of this subtask: the values of the form, by the names in input_schema.json.
 * @returns {Promise<Record<string, unknown>>}
 */
async function getInput() {
  const { jsonString } = await call(methods.getInputJSONString, {});
  return JSON.parse(jsonString);
}

/**
 * Declares the columns of the result table and their order. Other columns of rows are stored too.
 * @param {{key: string, label?: string, format?: string}[]} headers format is text (the default), number, integer,
 *   boolean, array or object
 * @returns {Promise<void>}
 */
async function setTableHeader(headers) {
  const complete = headers.map(({ key, label = key, format: columnFormat = 'text' }) => ({
    label,
    key,
    format: columnFormat,
  }));
  await call(methods.setTableHeader, { headers: complete });
}

function kindOf(value) {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}

function rowToJson(row, upsertKey) {
  if (kindOf(row) !== 'object') throw new TypeError(`a row must be an object of columns, got ${kindOf(row)}`);
  if (upsertKey === undefined) return JSON.stringify(row);
  const value = row[upsertKey];
  if (value === undefined || value === null) {
    throw new TypeError(`the row has no value in its upsert column "${upsertKey}"`);
  }
  return JSON.stringify({
    ...row,
    __coreclaw_upsert_key__: upsertKey,
    __coreclaw_upsert_value__: String(value),
  });
}

/**
 * Stores one row. The row is serialized at once, so later changes to the object have no effect.
 * @param {Record<string, unknown>} row one value per column
 * @param {{upsertKey?: string}} [options] upsertKey names a column: updates the given columns of the row of this run
 *   that has the same value in that column, or adds a new row if there is none
 * @returns {Promise<void>} resolves when the row is stored; rejects if it is refused
 */
async function pushData(row, { upsertKey } = {}) {
  await call(methods.pushData, { jsonString: rowToJson(row, upsertKey) });
}

/**
 * Stores many rows in order, with many calls in flight; takes the next row only when there is room for it.
 * @param {Iterable<Record<string, unknown>> | AsyncIterable<Record<string, unknown>>} rows
 * @param {{upsertKey?: string}} [options] as for pushData
 * @returns {Promise<number>} the number of rows, once all are stored. After a refused row no more rows are sent, and
 *   the promise rejects once the calls in flight have ended
 */
async function pushRows(rows, options) {
  const underWay = new Set();
  const failures = [];
  let count = 0;
  for await (const row of rows) {
    const push = pushData(row, options)
      .catch((error) => failures.push(error))
      .finally(() => underWay.delete(push));
    underWay.add(push);
    count += 1;
    if (underWay.size >= maxCallsInFlight) await Promise.race(underWay);
    if (failures.length > 0) break;
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
  return count;
}

/**
 * A log line must not end the worker: if it cannot be stored it goes to stderr, which the platform captures as well.
 */
async function writeLog(method, parts) {
  const line = format(...parts);
  try {
    await call(method, { log: line });
  } catch (error) {
    console.error(`${line}\n(written to stderr: ${error.message})`);
  }
}

/** Log lines by level, formatted like console.log: `log.info('%d pages read', count)`. Never rejects. */
const log = {
  debug: (...parts) => writeLog(methods.debug, parts),
  info: (...parts) => writeLog(methods.info, parts),
  warn: (...parts) => writeLog(methods.warn, parts),
  error: (...parts) => writeLog(methods.error, parts),
};

/**
 * Waits until all calls so far are answered, then closes the connection. Later calls reject. May be called twice.
 * @returns {Promise<void>}
 */
async function close() {
  closed = true;
  await Promise.allSettled(unsettledCalls);
  client?.close();
}

module.exports = { getInput, setTableHeader, pushData, pushRows, log, close, SdkError };
