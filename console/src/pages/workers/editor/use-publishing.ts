/** Saving the edited files as a version, and starting a run of it. */
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { ApiError } from '../../../api/client.ts';
import { useStartPublished, usePublishFiles } from '../../../api/editing.ts';
import type { RunRequest } from '../../../api/run-inputs.ts';
import { versionFileQuery, versionFilesQuery } from '../../../api/version-files.ts';
import { useTexts } from '../../../texts/texts.tsx';
import type { BaseTexts } from './use-base-text.ts';
import type { EditedFiles } from './use-edited-files.ts';

export interface Saved {
  /** Path of the worker. */
  readonly path: string;
  readonly version: string;
}

interface PublishingParts {
  /** The worker that gets a new version; undefined for a new worker. */
  readonly workerId: string | undefined;
  readonly files: EditedFiles;
  readonly texts: BaseTexts;
}

const preconditionFailed = 412;

export function usePublishing({ workerId, files, texts: base }: PublishingParts) {
  const { editor: texts } = useTexts();
  const client = useQueryClient();
  const publish = usePublishFiles();
  const start = useStartPublished();

  /** All files of a new worker. */
  const allFiles = (): { path: string; content: string }[] =>
    files.paths.map((path) => ({
      path,
      content: files.texts[path] ?? ('texts' in base ? (base.texts[path] ?? '') : ''),
    }));

  /** @returns undefined if it was refused; the error is then shown */
  const save = async (): Promise<Saved | undefined> => {
    start.reset();
    const { base: version } = files;
    if (version !== undefined && workerId !== undefined && !files.isEdited)
      return { path: workerId, version: version.version };
    const written = files.written();
    try {
      const published = await publish.mutateAsync(
        version === undefined || workerId === undefined
          ? { title: files.title.trim(), files: allFiles() }
          : {
              workerId,
              base_version: version.version,
              newest_version: version.newest,
              package_hash: version.packageHash,
              files: written,
              removed: files.removed,
              renamed: files.renames(),
            },
      );
      const { path, version: saved } = published;
      const id = workerId ?? path;
      // What was written is known, so the editor need not read it again.
      for (const { path: file, content } of written) {
        const bytes = new Blob([content]).size;
        const data = { path: file, bytes, is_text: true, content, is_truncated: false };
        client.setQueryData(versionFileQuery(id, saved, file).queryKey, data);
      }
      const listed = await client.fetchQuery(versionFilesQuery(id, saved));
      files.reset({ version: saved, newest: saved, packageHash: listed.package_hash });
      notifications.show({ color: 'teal', message: texts.saved(saved) });
      return { path, version: saved };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return undefined;
    }
  };

  /** @returns slug of the run; undefined if it was refused; the error is then shown */
  const run = async ({ path, version }: Saved, request: RunRequest): Promise<string | undefined> => {
    try {
      return (await start.mutateAsync({ path, request: { ...request, version } })).run_slug;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return undefined;
    }
  };

  const { error } = publish;
  const isOutdated = error instanceof ApiError && error.status === preconditionFailed;
  return {
    save,
    run,
    isPending: publish.isPending || start.isPending,
    /** Why the version was refused, or the run. */
    saveError: isOutdated ? null : error,
    startError: start.error,
    /** Whether somebody published a newer version meanwhile. */
    isOutdated,
    forget: () => publish.reset(),
  };
}
