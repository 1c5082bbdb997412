/** The Content-Disposition header: the file's name in ASCII for all clients, and also in UTF-8 if it has other characters. */

function named(kind: 'attachment' | 'inline', fileName: string): string {
  const ascii = fileName.replaceAll(/[^\x20-\x7e]|["\\]/g, '_');
  const extended = ascii === fileName ? '' : `; filename*=UTF-8''${encodeURIComponent(fileName)}`;
  return `${kind}; filename="${ascii}"${extended}`;
}

/** Browsers save the file. */
export function attachment(fileName: string): string {
  return named('attachment', fileName);
}

/** Browsers show the file if they can. */
export function inline(fileName: string): string {
  return named('inline', fileName);
}
