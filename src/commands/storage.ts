import type { Command } from 'commander';
import { addSettings, configOf, databaseSettings } from './settings-options.ts';

export function addStorageCommand(program: Command): void {
  const storage = program.command('storage').description('Manage where blobs are stored.');
  const move = storage
    .command('move')
    .description(
      'Move what CHELA_STORAGE_PREVIOUS still has to CHELA_STORAGE, and compare every copy with its original. The platform must be running, with the same settings.',
    );
  addSettings(move, [...databaseSettings, 'storage', 'storagePrevious']);
  move.action(async (flags: Record<string, string>) => {
    const { moveStorage } = await import('./move-storage.ts');
    await moveStorage(configOf(flags));
  });
}
