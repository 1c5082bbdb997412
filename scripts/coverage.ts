/**
 * Prints how much of each room of `src/` the tests cover, including code that runs only in child processes.
 *
 *   npm run coverage                  every test
 *   npm run coverage -- test/runs     some tests
 *
 * vitest measures its own processes. Node measures their children (the `chela` command, runners, schedulers), but a
 * process that is ended by SIGKILL reports nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');
const sources = path.join(root, 'src');
const folder = path.join(root, 'coverage');
const childFolder = path.join(folder, 'children');
const listedFiles = 15;

interface Place {
  readonly line: number;
  readonly column: number;
}

/** A file in vitest's report, in the format of Istanbul. */
interface FileReport {
  readonly path: string;
  readonly statementMap: Readonly<Record<string, { readonly start: Place }>>;
  readonly s: Readonly<Record<string, number>>;
}

/** A script in the report of a Node process, in the format of V8. */
interface ScriptReport {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly {
      readonly startOffset: number;
      readonly endOffset: number;
      readonly count: number;
    }[];
  }[];
}

interface Figures {
  files: number;
  statements: number;
  /** Statements covered in vitest's processes. */
  covered: number;
  /** Statements covered only in child processes. */
  inChildren: number;
}

/** @returns whether the tests passed */
async function runTests(argv: readonly string[]): Promise<boolean> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(childFolder, { recursive: true });
  const vitest = path.join(root, 'node_modules', '.bin', 'vitest');
  const environment = { ...process.env, CHELA_TEST_COVERAGE_DIR: childFolder };
  const child = spawn(vitest, ['run', '--coverage', ...argv], {
    cwd: root,
    env: environment,
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0;
}

/** Which characters of a script ran. Ranges are nested, and the innermost range counts. */
function reachedCharacters(length: number, { functions }: ScriptReport): Uint8Array {
  const reached = new Uint8Array(length);
  const ranges = functions.flatMap((each) => each.ranges);
  for (const { startOffset, endOffset, count } of ranges.toSorted(
    (a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset,
  ))
    reached.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return reached;
}

/** Offsets of line starts. */
function lineOffsets(text: string): number[] {
  const offsets = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) offsets.push(end + 1);
  return offsets;
}

/**
 * The characters of each file in `src/` that ran in any child process. Node strips types in place, so offsets match the
 * source file.
 */
async function reachedByChildren(): Promise<Map<string, Uint8Array>> {
  const reached = new Map<string, Uint8Array>();
  for (const name of await readdir(childFolder)) {
    // A process that ends while writing leaves an incomplete report.
    const report = await readFile(path.join(childFolder, name), 'utf8')
      .then(
        (text) => JSON.parse(text) as { result: ScriptReport[] },
        () => undefined,
      )
      .catch(() => undefined);
    for (const script of report?.result ?? []) {
      if (!script.url.startsWith('file:')) continue;
      const file = fileURLToPath(script.url);
      if (!file.startsWith(sources)) continue;
      const known = reached.get(file) ?? new Uint8Array((await readFile(file, 'utf8')).length);
      const now = reachedCharacters(known.length, script);
      for (let index = 0; index < known.length; index += 1) known[index]! |= now[index]!;
      reached.set(file, known);
    }
  }
  return reached;
}

async function figuresOf(report: FileReport, children: Uint8Array | undefined): Promise<Figures> {
  const offsets = lineOffsets(await readFile(report.path, 'utf8'));
  const figures = { files: 1, statements: 0, covered: 0, inChildren: 0 };
  for (const [id, { start }] of Object.entries(report.statementMap)) {
    figures.statements += 1;
    if ((report.s[id] ?? 0) > 0) figures.covered += 1;
    else if (children?.[(offsets[start.line - 1] ?? 0) + start.column] === 1) figures.inChildren += 1;
  }
  return figures;
}

function add(sum: Figures, more: Figures): Figures {
  return {
    files: sum.files + more.files,
    statements: sum.statements + more.statements,
    covered: sum.covered + more.covered,
    inChildren: sum.inChildren + more.inChildren,
  };
}

const nothing: Figures = { files: 0, statements: 0, covered: 0, inChildren: 0 };

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
}

function line(name: string, { files, statements, covered, inChildren }: Figures): string {
  const cells = [
    files,
    statements,
    percent(covered + inChildren, statements),
    percent(inChildren, statements),
  ];
  return name.padEnd(44) + cells.map((cell) => String(cell).padStart(12)).join('');
}

function print(byFile: ReadonlyMap<string, Figures>): void {
  const rooms = new Map<string, Figures>();
  for (const [file, figures] of byFile) {
    const room = file.includes(path.sep) ? (file.split(path.sep)[0] ?? '') : '(files of src)';
    rooms.set(room, add(rooms.get(room) ?? nothing, figures));
  }
  const head = ['files', 'statements', 'covered', 'in children'].map((cell) => cell.padStart(12)).join('');
  const share = ({ statements, covered, inChildren }: Figures) => (covered + inChildren) / statements;
  const least = [...byFile]
    .filter(([, { statements }]) => statements > 0)
    .toSorted(([, a], [, b]) => share(a) - share(b))
    .slice(0, listedFiles);
  const text = [
    '',
    `${'Room'.padEnd(44)}${head}`,
    ...[...rooms].toSorted(([a], [b]) => a.localeCompare(b)).map(([room, figures]) => line(room, figures)),
    line('all', [...rooms.values()].reduce(add, nothing)),
    '',
    'Least covered files',
    ...least.map(([file, figures]) => line(file, figures)),
    '',
  ];
  process.stdout.write(text.join('\n'));
}

const hasPassed = await runTests(process.argv.slice(2));
const reports = JSON.parse(
  await readFile(path.join(folder, 'tests', 'coverage-final.json'), 'utf8'),
) as Record<string, FileReport>;
const children = await reachedByChildren();
const byFile = new Map<string, Figures>();
for (const report of Object.values(reports))
  byFile.set(path.relative(sources, report.path), await figuresOf(report, children.get(report.path)));
print(byFile);
if (!hasPassed) process.exitCode = 1;
