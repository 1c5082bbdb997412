'use strict';

/**
 * Pushes rows, upserts and log lines, and keeps a tally of those that the platform acknowledged: in a file of its home,
 * which the harness reads. What is refused is not repeated, as it may have been stored all the same.
 */
const { randomUUID } = require('node:crypto');
const { openSync, writeSync } = require('node:fs');
const { setTimeout: delay } = require('node:timers/promises');
const sdk = require('../../sdk/node/sdk.js');

const token = randomUUID();
const tally = openSync(`${process.env.HOME}/tally-${token}`, 'a');
const rowsAtATime = 4;
const pauseAfterRefusalMs = 100;

function note(entry) {
  writeSync(tally, `${JSON.stringify(entry)}\n`);
}

/** Whether it was acknowledged. */
async function isStored(push) {
  try {
    await push();
    return true;
  } catch {
    await delay(pauseAfterRefusalMs);
    return false;
  }
}

async function pushRows({ rows, pauseMs }) {
  let next = 0;
  const pushInTurn = async () => {
    while (next < rows) {
      const n = next;
      next += 1;
      if (await isStored(() => sdk.pushData({ token, n }))) note({ row: n });
      await delay(pauseMs);
    }
  };
  await Promise.all(Array.from({ length: rowsAtATime }, pushInTurn));
}

async function pushUpserts({ part, upserts, keys, pauseMs }) {
  for (let n = 0; n < upserts; n += 1) {
    const key = `${part} ${n % keys}`;
    if (await isStored(() => sdk.pushData({ key, token, n }, { upsertKey: 'key' }))) note({ upsert: key, n });
    await delay(pauseMs);
  }
}

/** The SDK prints a line that it could not send. */
async function isLogged(line) {
  let isPrinted = false;
  console.error = () => {
    isPrinted = true;
  };
  await sdk.log.info(line);
  return !isPrinted;
}

async function writeLines({ lines, pauseMs }) {
  for (let n = 0; n < lines; n += 1) {
    if (await isLogged(`${token} ${n}`)) note({ line: n });
    await delay(pauseMs);
  }
}

async function main() {
  const input = await sdk.getInput();
  const part = String(input.parts?.[0]?.string ?? input.parts?.[0] ?? '');
  note({ start: true });
  const { rows, upserts, lines, pause_ms: pauseMs } = input;
  const work = { part, rows, upserts, keys: 5, lines, pauseMs };
  await Promise.all([pushRows(work), pushUpserts(work), writeLines(work)]);
  note({ end: true });
  await sdk.close();
}

main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
