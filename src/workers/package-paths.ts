import { invalidArgument } from '../errors.ts';
import { quoted } from './findings.ts';

/** Names of files that mark a folder as the root of a package. */
const rootMarks = new Set(['main.js', 'main.ts', 'main.py', 'main', 'package.json', 'input_schema.json']);

const pathLimitBytes = 1024;
const segmentLimitBytes = 255;

/**
 * Turns the name of a zip entry into a path below the package root, with forward slashes and no empty or `.` segments.
 * @param windowsMade whether backslashes separate folders, as older Windows tools write; otherwise they are refused
 * @throws ChelaError INVALID_ARGUMENT if the name could lead outside the root or is not a valid file name
 */
export function packagePath(entryName: string, windowsMade: boolean): string {
  function refuse(reason: string): never {
    throw invalidArgument(`the zip entry ${quoted(entryName)} ${reason}`);
  }
  if (/\p{Cc}/u.test(entryName)) refuse('has a control character in its name');
  if (!windowsMade && entryName.includes('\\')) {
    refuse('has a backslash in its name; separate folders with forward slashes');
  }
  const name = entryName.replaceAll('\\', '/');
  if (name.startsWith('/')) refuse('has an absolute path');
  if (/^[a-z]:/i.test(name)) refuse('starts with a drive letter');
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) refuse('leads out of the package with ".."');
  if (segments.length === 0) refuse('has no name');
  const path = segments.join('/');
  const tooLong = segments.some((segment) => Buffer.byteLength(segment) > segmentLimitBytes);
  if (tooLong || Buffer.byteLength(path) > pathLimitBytes) {
    refuse(
      `has a name that is too long: the maximum is ${segmentLimitBytes} bytes, or ${pathLimitBytes} with its folders`,
    );
  }
  return path;
}

const clutterNames = new Set(['.DS_Store', 'desktop.ini', 'Thumbs.db', '__pycache__', '__MACOSX']);

/** Whether macOS, Windows or Python generated the file. */
export function isClutter(path: string): boolean {
  return path.split('/').some((name) => clutterNames.has(name) || name.startsWith('._'));
}

/**
 * Finds the folder that wraps the whole package, as in zips from GitHub and the macOS Finder. It contains all files,
 * with an entry file, package.json or input_schema.json at its top level. It may be nested in folders that contain
 * nothing else.
 * @param filePaths paths of files, not of folders
 * @returns the folder with a slash at the end, or an empty string if there is none
 */
export function wrappingFolder(filePaths: readonly string[]): string {
  const [first = ''] = filePaths;
  for (let slash = first.indexOf('/'); slash !== -1; slash = first.indexOf('/', slash + 1)) {
    const folder = first.slice(0, slash + 1);
    if (!filePaths.every((path) => path.startsWith(folder))) return '';
    if (filePaths.some((path) => rootMarks.has(path.slice(folder.length)))) return folder;
  }
  return '';
}

/** A key without case and Unicode form. Paths with the same key are the same file on some file systems. */
function foldedKey(path: string): string {
  return path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

/** The paths in a package so far, including the folders of its files. */
export class TakenPaths {
  readonly #taken = new Map<string, { path: string; kind: 'file' | 'folder' }>();
  /** Folders by their exact path, so that another file in one is added without checking its parents again. */
  readonly #folders = new Set<string>();

  get folderCount(): number {
    return this.#folders.size;
  }

  #take(path: string, kind: 'file' | 'folder'): void {
    const key = foldedKey(path);
    const taken = this.#taken.get(key);
    if (taken === undefined) {
      this.#taken.set(key, { path, kind });
      if (kind === 'folder') this.#folders.add(path);
      return;
    }
    if (taken.path !== path) {
      throw invalidArgument(
        `the zip entries ${quoted(taken.path)} and ${quoted(path)} differ only in case or Unicode form`,
      );
    }
    if (taken.kind !== kind)
      throw invalidArgument(`the zip entry ${quoted(path)} is both a file and a folder`);
    if (kind === 'file') throw invalidArgument(`the zip has two entries ${quoted(path)}`);
  }

  /** @throws ChelaError INVALID_ARGUMENT if the path, or one of its folders, clashes with an earlier path */
  add(path: string, kind: 'file' | 'folder'): void {
    const unknown: string[] = [];
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash);
      if (this.#folders.has(folder)) break;
      unknown.push(folder);
    }
    for (const folder of unknown.toReversed()) this.#take(folder, 'folder');
    this.#take(path, kind);
  }
}
