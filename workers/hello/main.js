'use strict';

const sdk = require('./sdk');

const greetingWords = { en: 'Hello', de: 'Hallo', es: 'Hola', zh: '你好' };

/** Runs started through the API may omit fields, so the worker has its own defaults. */
function readInput(input) {
  return {
    // A list editor gives strings, or objects like {"string": "Ada"}.
    names: (input.names ?? []).map((item) => String(item?.string ?? item ?? '').trim()),
    word: greetingWords[input.language] ?? greetingWords.en,
    tone: input.tone ?? 'calm',
    signature: input.signature ?? '',
    rounds: Number(input.rounds ?? 1),
    date: input.date || new Date().toISOString().slice(0, 10),
    remarks: input.remarks ?? '',
    furtherColumns: input.further_columns ?? {},
    showLogLevels: input.show_log_levels ?? true,
    showProgress: input.show_progress ?? false,
  };
}

function greet(name, { word, tone, signature }) {
  const greeting = `${word}, ${name}${tone === 'cheerful' ? '!' : '.'}`;
  return signature === '' ? greeting : `${greeting} ${signature}`;
}

/** One row per name and round, generated on demand as the SDK takes them. */
function* greetings(names, options) {
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const name of names) {
      const greeting = greet(name, options);
      const id = options.rounds === 1 ? name : `${name} ${round}`;
      yield { ...options.furtherColumns, id, greeting, length: greeting.length, date: options.date };
    }
  }
}

/** Pushed several times with the same `upsertKey`, so it stays one row. */
async function showProgress(text, count, date) {
  await sdk.pushData({ id: 'progress', greeting: text, length: count, date }, { upsertKey: 'id' });
}

async function showLogLevels() {
  await sdk.log.debug('debug: details for whoever mends the worker');
  await sdk.log.info('info: what is going on');
  await sdk.log.warn('warn: something to know; the work goes on');
  await sdk.log.error('error: something failed (in this example nothing did)');
}

async function main() {
  const options = readInput(await sdk.getInput());
  if (options.remarks !== '') await sdk.log.info(options.remarks);
  if (options.showLogLevels) await showLogLevels();

  await sdk.setTableHeader([
    { key: 'id', label: 'Row', format: 'text' },
    { key: 'greeting', label: 'Greeting', format: 'text' },
    { key: 'length', label: 'Characters', format: 'integer' },
    { key: 'date', label: 'Date', format: 'text' },
  ]);

  const names = options.names.filter((name) => name !== '');
  if (names.length < options.names.length) {
    await sdk.log.warn('%d blank names left out', options.names.length - names.length);
  }

  if (options.showProgress) await showProgress('greeting', 0, options.date);
  const count = await sdk.pushRows(greetings(names, options));
  if (options.showProgress) await showProgress('done', count, options.date);
  await sdk.log.info('%d greetings written', count);
}

main().catch(async (error) => {
  // The exit code determines whether the subtask succeeded.
  process.exitCode = 1;
  await sdk.log.error(error.stack);
});
