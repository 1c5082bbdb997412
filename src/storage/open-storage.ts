/** Opens the storage that the configuration names. */
import path from 'node:path';
import type { Config } from '../configuration/configuration.ts';
import type { Storage } from './storage.ts';
import { FolderStorage } from './storages/folder.ts';
import { LayeredStorage } from './storages/layered.ts';
import { S3Storage } from './storages/s3.ts';

export { FolderStorage, S3Storage };

export type StorageKind = Config['storage'];

export function storageOfKind(kind: StorageKind, config: Config): Storage {
  switch (kind) {
    case 'folder':
      return new FolderStorage(path.join(config.dataDir, 'storage'));
    case 's3':
      return new S3Storage(config);
    default:
      return kind satisfies never;
  }
}

/** The storage of the platform: of one kind, or of two while blobs are moved between them. */
export function openStorage(config: Config): Storage {
  const current = storageOfKind(config.storage, config);
  const { storagePrevious } = config;
  if (storagePrevious === '') return current;
  return new LayeredStorage(current, storageOfKind(storagePrevious, config));
}
