'use strict';

/**
 * Keeps files with the run, and JSON values in stores that outlive it. README.md in this folder explains it. Every
 * function returns a promise; a refused request rejects with a StorageError. Needs no other file of the SDK.
 */

const http = require('node:http');
const { Readable } = require('node:stream');
const { buffer } = require('node:stream/consumers');
const { pipeline } = require('node:stream/promises');

/** A request that the platform refused. */
class StorageError extends Error {
  /**
   * @param {string} message what is wrong, with the limit
   * @param {string} code such as NOT_FOUND, STORAGE_LIMITED or PRECONDITION_FAILED
   */
  constructor(message, code) {
    super(message);
    this.name = 'StorageError';
    this.code = code;
  }
}

/** An agent of its own, without the proxy in the environment, which is meant for the worker's targets. */
const agent = new http.Agent({ keepAlive: true });

/** Where to send a request. Not a URL, in which `..` would lead to another name. */
function placeOf(variable, parts) {
  const base = process.env[variable];
  if (!base)
    throw new StorageError(`${variable} is not set: it exists only inside the platform`, 'UNAVAILABLE');
  const { hostname, port, pathname } = new URL(base);
  return { hostname, port, path: [pathname, ...parts.map(encodeURIComponent)].join('/') };
}

/** @returns the answer; its body has to be read. Undefined for 404 if that is allowed */
async function send(method, place, { body, headers = {}, mayBeMissing = false } = {}) {
  const request = http.request({ ...place, method, headers, agent });
  const answered = new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
  const sent =
    body instanceof Readable ? pipeline(body, request) : new Promise((resolve) => request.end(body, resolve));
  // A refusal may come before everything is sent.
  sent.catch(() => undefined);
  const answer = await Promise.race([answered, sent.then(() => answered)]);
  if (answer.statusCode < 300) return answer;
  const text = (await buffer(answer)).toString();
  if (answer.statusCode === 404 && mayBeMissing) return undefined;
  const { message = text, error = 'UNAVAILABLE' } = JSON.parse(text);
  throw new StorageError(message, error);
}

async function json(answer) {
  return JSON.parse((await buffer(answer)).toString());
}

async function* listed(place, prefix) {
  let after = '';
  while (after !== null) {
    const query = new URLSearchParams({ prefix, after });
    const { list, next } = await json(await send('GET', { ...place, path: `${place.path}?${query}` }));
    yield* list;
    after = next;
  }
}

const files = {
  /**
   * Keeps a file with the run, and replaces an earlier one of that name.
   * @param {string} name `/` separates folders
   * @param {string | Uint8Array | Readable} content
   * @param {{contentType?: string}} [options] by the ending of the name if omitted
   * @returns {Promise<{name: string, size_bytes: number, sha256: string, reference: string}>} once it is stored; put
   *   the `reference` into a row to refer to the file
   */
  async put(name, content, { contentType } = {}) {
    const headers = {
      ...(contentType !== undefined && { 'content-type': contentType }),
      ...(!(content instanceof Readable) && { 'content-length': Buffer.byteLength(content) }),
    };
    return json(await send('PUT', placeOf('CHELA_FILES_URL', [name]), { body: content, headers }));
  },

  /** @returns {Promise<Buffer | undefined>} undefined if the run has no such file */
  async get(name) {
    const answer = await send('GET', placeOf('CHELA_FILES_URL', [name]), { mayBeMissing: true });
    return answer && buffer(answer);
  },

  /** @returns {Promise<boolean>} whether the run had such a file */
  async delete(name) {
    const answer = await send('DELETE', placeOf('CHELA_FILES_URL', [name]), { mayBeMissing: true });
    answer?.resume();
    return answer !== undefined;
  },

  /** The files of the run whose names start with the prefix: `for await (const { name } of files.list())`. */
  list(prefix = '') {
    return listed(placeOf('CHELA_FILES_URL', []), prefix);
  },
};

function conditionOf({ version, isNew = false }) {
  if (isNew) return { 'if-none-match': '*' };
  return version === undefined ? {} : { 'if-match': `"${version}"` };
}

class Store {
  #name;

  constructor(name) {
    this.#name = name;
  }

  #place(key) {
    return placeOf('CHELA_STORES_URL', [this.#name, key]);
  }

  /** @returns {Promise<unknown>} the value; undefined without one. Numbers beyond 2^53 are rounded by JSON.parse */
  async get(key) {
    return (await this.read(key))?.value;
  }

  /** @returns {Promise<{value: unknown, version: number} | undefined>} the value with its version, for `set` */
  async read(key) {
    const answer = await send('GET', this.#place(key), { mayBeMissing: true });
    return answer && { value: await json(answer), version: Number(answer.headers.etag.slice(1, -1)) };
  }

  /**
   * Sets a value: anything that JSON can hold.
   * @param {{version?: number, isNew?: boolean}} [condition] sets it only if it still has this version, or does not exist
   *   yet; otherwise it rejects with the code PRECONDITION_FAILED
   * @returns {Promise<number>} its version
   */
  async set(key, value, condition = {}) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`a value must be JSON, got ${typeof value}`);
    const headers = { ...conditionOf(condition), 'content-length': Buffer.byteLength(text) };
    return (await json(await send('PUT', this.#place(key), { body: text, headers }))).version;
  }

  /**
   * Changes a value without losing the change of another worker.
   * @param {(value: unknown) => unknown} change gets the current value, undefined without one; called again if another
   *   worker was faster
   * @returns {Promise<unknown>} the value that was set
   */
  async update(key, change) {
    for (;;) {
      const current = await this.read(key);
      const value = await change(current?.value);
      try {
        await this.set(key, value, current === undefined ? { isNew: true } : { version: current.version });
        return value;
      } catch (error) {
        if (error.code !== 'PRECONDITION_FAILED') throw error;
      }
    }
  }

  /** @returns {Promise<boolean>} whether there was a value */
  async delete(key) {
    const answer = await send('DELETE', this.#place(key), { mayBeMissing: true });
    answer?.resume();
    return answer !== undefined;
  }

  /** The keys that start with the prefix: `for await (const { key, version } of store.keys())`. */
  keys(prefix = '') {
    return listed(placeOf('CHELA_STORES_URL', [this.#name]), prefix);
  }
}

/** A store of the account, by its name. It is created with its first value. */
function store(name) {
  return new Store(name);
}

module.exports = { files, store, StorageError };
