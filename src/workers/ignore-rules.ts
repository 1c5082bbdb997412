/** Which files of a folder belong to a package, by rules in the form of `.gitignore`. The console shares it. */
import ignore, { type Ignore } from 'ignore';

/** Files with rules, in any folder; those of later ones win. */
export const ignoreFiles = ['.gitignore', '.chelaignore'] as const;

/** What tools and systems make, and secrets of the author's machine. A `.chelaignore` can take back each by `!`. */
const usualRules = [
  '.git',
  '.hg',
  '.svn',
  'node_modules',
  '__pycache__',
  '*.py[co]',
  '.venv',
  '.tox',
  '.nox',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
  '.ipynb_checkpoints',
  '.idea',
  '.vscode',
  '.chela',
  '.env',
  '.env.*',
  '.DS_Store',
  '._*',
  '__MACOSX',
  'Thumbs.db',
  'desktop.ini',
];

interface FolderRules {
  /** Folder whose files they are for, with a slash at the end; empty for the package. */
  readonly folder: string;
  /** Path of the package below the folder that has the rules, for folders above it. */
  readonly packagePath: string;
  readonly ignore: Ignore;
}

export class IgnoreRules {
  readonly #rules: FolderRules[] = [];

  /**
   * Adds the rules of a folder above the package, outermost first.
   * @param packagePath of the package below that folder, with a slash at the end
   */
  addAbove(packagePath: string, text: string): void {
    const rules = ignore({ ignorecase: false }).add(text);
    // Who names an ignored folder wants what is in it.
    if (!rules.ignores(packagePath)) this.#rules.push({ folder: '', packagePath, ignore: rules });
  }

  /**
   * Adds the rules of a folder, before what is in it is asked for.
   * @param folder with a slash at the end; empty for the package itself
   * @param texts of its files of rules, in the order of `ignoreFiles`
   */
  enter(folder: string, texts: readonly string[]): void {
    if (folder !== '' && texts.length === 0) return;
    const rules = ignore({ ignorecase: false }).add(folder === '' ? usualRules : []);
    for (const text of texts) rules.add(text);
    this.#rules.push({ folder, packagePath: '', ignore: rules });
  }

  /** Whether a file or folder is left out; the folders that it is in are not. */
  leavesOut(path: string, isFolder: boolean): boolean {
    let isLeftOut = false;
    for (const { folder, packagePath, ignore: rules } of this.#rules) {
      if (!path.startsWith(folder)) continue;
      const { ignored, unignored } = rules.test(
        `${packagePath}${path.slice(folder.length)}${isFolder ? '/' : ''}`,
      );
      if (ignored || unignored) isLeftOut = ignored;
    }
    return isLeftOut;
  }
}
