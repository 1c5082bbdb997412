import type { Config } from '../configuration/configuration.ts';
import { previewRetention, retentionPolicy } from '../retention/retention.ts';
import { print } from './printing.ts';
import { withDatabase } from './with-database.ts';

/** Prints a table of what the retention would remove now. */
export async function showRetention(config: Config): Promise<void> {
  const lines = await withDatabase(config, (database) =>
    previewRetention(database, retentionPolicy(config), config, new Date()),
  );
  const table = [
    ['WOULD BE REMOVED', 'COUNT', 'BYTES'],
    ...lines.map(({ what, count, sizeBytes }) => [what, count, sizeBytes ?? '–']),
  ];
  const text = table.map(([what, count, bytes]) => {
    const cells = [count, bytes].map((cell) => cell?.toLocaleString('en').padStart(16));
    return `${String(what).padEnd(16)}${cells.join('')}`;
  });
  await print(text.join('\n'));
}
