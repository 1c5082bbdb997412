/** Decides which files of a folder belong to a package, by rules in `.gitignore` syntax. The console uses it too. */
import ignore, { type Ignore } from 'ignore';

/** Files with rules, in any folder. Rules of later files take precedence. */
export const ignoreFiles = ['.gitignore', '.chelaignore'] as const;

/** Generated files, and secrets of the author's machine. A `.chelaignore` can include each again with `!`. */
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
  /** Folder that the rules apply to, with a slash at the end; empty for the package root. */
  readonly folder: string;
  /** For rules of a folder above the package: path of the package below that folder. Otherwise empty. */
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
    // The user asked for this folder, so a rule that ignores all of it does not apply.
    if (!rules.ignores(packagePath)) this.#rules.push({ folder: '', packagePath, ignore: rules });
  }

  /**
   * Adds the rules of a folder. Call it before `leavesOut` for the folder's contents.
   * @param folder with a slash at the end; empty for the package root
   * @param texts contents of its ignore files, in the order of `ignoreFiles`
   */
  enter(folder: string, texts: readonly string[]): void {
    if (folder !== '' && texts.length === 0) return;
    const rules = ignore({ ignorecase: false }).add(folder === '' ? usualRules : []);
    for (const text of texts) rules.add(text);
    this.#rules.push({ folder, packagePath: '', ignore: rules });
  }

  /** Whether a file or folder is left out, given that its parent folders are not. */
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
