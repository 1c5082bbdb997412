/** A kept file as it is read from the table. */
export interface FileRecord {
  readonly id: number;
  /** Identifies this content: a file that is replaced gets another. */
  readonly slug: string;
  readonly name: string;
  /** Number of the subtask that put it. */
  readonly subtask: number;
  readonly media_type: string;
  readonly size_bytes: number;
  readonly sha256: Buffer;
  readonly kept_at: Date;
}

export const fileRecordColumns =
  'run_file.id, run_file.slug, run_file.name, run_file.subtask, run_file.media_type, run_file.size_bytes, run_file.sha256, run_file.kept_at';

/** Key of a file's content in the storage. */
export function storageKey({ slug }: Pick<FileRecord, 'slug'>): string {
  return `files/${slug.slice(-2)}/${slug}`;
}
