'use strict';

const sdk = require('./sdk');

/** A list field gives strings, or objects like { string: 'Ada' }. */
function textOf(item) {
  return typeof item === 'string' ? item : item.string;
}

async function main() {
  const { names = [] } = await sdk.getInput();
  for (const name of names.map(textOf)) {
    await sdk.pushData({ name, greeting: `Hello, ${name}!` });
  }
  await sdk.log.info('greeted %d names', names.length);
}

main().catch(async (error) => {
  // Anything but 0: the subtask failed.
  process.exitCode = 1;
  await sdk.log.error(error.stack);
});
