/** Makes a file of a run's rows, and downloads it once it is ready. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { exportQuery, useExport, type ExportChoice, type ExportProgress } from '../../api/run-exports.ts';

/** The server sends the file as an attachment, so the page stays open. */
function downloadFrom(url: string): void {
  const { pathname, search } = new URL(url);
  const anchor = document.createElement('a');
  anchor.href = `${pathname}${search}`;
  anchor.download = '';
  anchor.click();
}

export interface ExportDownload {
  readonly make: (choice: ExportChoice) => void;
  readonly isMaking: boolean;
  /** Of the file that was asked for last; undefined before that, and until its first answer. */
  readonly progress: ExportProgress | undefined;
  readonly failure: Error | null;
  /** Downloads the file again; undefined unless it is ready. */
  readonly download: (() => void) | undefined;
  /** Forgets the file, because another one is wanted. */
  readonly forget: () => void;
}

export function useExportDownload(slug: string): ExportDownload {
  const [exportSlug, setExportSlug] = useState<string>();
  const downloaded = useRef<string>(undefined);
  const { mutate, isPending, error: refusal } = useExport(slug);
  const { data: progress, error } = useQuery(exportQuery(slug, exportSlug));
  useEffect(() => {
    if (progress?.state !== 'ready' || exportSlug === undefined || downloaded.current === exportSlug) return;
    downloaded.current = exportSlug;
    downloadFrom(progress.download_url);
  }, [progress, exportSlug]);
  const forget = (): void => {
    setExportSlug(undefined);
    downloaded.current = undefined;
  };
  const isAsked = exportSlug !== undefined;
  return {
    make: (choice) => {
      forget();
      mutate(choice, { onSuccess: setExportSlug });
    },
    isMaking: isPending || (isAsked && error === null && (progress?.state ?? 'queued') === 'queued'),
    progress: isAsked ? progress : undefined,
    failure: refusal ?? error,
    download: isAsked && progress?.state === 'ready' ? () => downloadFrom(progress.download_url) : undefined,
    forget,
  };
}
