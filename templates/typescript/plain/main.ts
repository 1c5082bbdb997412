import sdk from './sdk.js';

/** A list field gives strings, or objects with one text. */
type ListItem = string | { string: string };

interface Input {
  names?: ListItem[];
}

function textOf(item: ListItem): string {
  return typeof item === 'string' ? item : item.string;
}

async function main(): Promise<void> {
  const { names = [] }: Input = await sdk.getInput();
  for (const name of names.map(textOf)) {
    await sdk.pushData({ name, greeting: `Hello, ${name}!` });
  }
  await sdk.log.info('greeted %d names', names.length);
}

try {
  await main();
} catch (error) {
  // Anything but 0: the subtask failed.
  process.exitCode = 1;
  await sdk.log.error((error as Error).stack);
}
