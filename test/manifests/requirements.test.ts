/** What requirements.txt may contain, and that refusing a text takes linear time. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirementProblem } from '../../src/manifests/requirement.ts';
import { problemMessage, throwRefused } from '../../src/manifests/manifest-problem.ts';
import { readRequirements, type Requirements } from '../../src/manifests/requirements.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-requirements-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function read(files: Record<string, string | Buffer>): Promise<Requirements> {
  const packageDir = await mkdtemp(path.join(folder, 'package-'));
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(packageDir, name), content);
  return readRequirements(packageDir);
}

/** @throws Error if a line is refused */
async function requirementsOf(files: Record<string, string | Buffer>): Promise<readonly string[]> {
  const { requirements, problems } = await read(files);
  throwRefused(problems);
  return requirements;
}

const digest = 'a0'.repeat(32);

describe('a requirement', () => {
  test.for([
    'six',
    'a',
    'ruamel.yaml.clib',
    'zope_interface-x',
    'six==1.17.0',
    'six == 1.17.0',
    'six===1.17.0+local',
    'numpy>=1.26,<3,!=2.0.*',
    'numpy >= 1.26 , < 3',
    'numpy ~= 1.26,',
    'torch==1!2.0.post1.dev3',
    'requests (>=2.31)',
    'requests[socks]',
    'requests [socks, use-chardet] >= 2',
    'requests[]==2.32.3',
    'pywin32==306; sys_platform == "win32"',
    "uvloop>=0.19;platform_system!='Windows' and (python_version < '3.13' or extra == 'x')",
    'tomli; ((python_version<"3.11") and (platform_machine in "x86_64 aarch64"))',
    'colorama ; "win" not in sys_platform',
    `six==1.17.0 --hash=sha256:${digest}`,
    `six==1.17.0 ; python_version >= "3.9" --hash=sha256:${digest}    --hash sha384:${digest}`,
  ])('%s is accepted unchanged', async (line) => {
    await expect(requirementsOf({ 'requirements.txt': line })).resolves.toEqual([line]);
  });

  test.for([
    ['six=1.0', 'expected a version, ";" or "--hash" at "=1.0"'],
    ['six==', 'expected a version at the end'],
    ['six>=1 <2', 'expected a version, ";" or "--hash" at "<2"'],
    ['six-', 'the name of a package must start and end with a letter or digit'],
    ['-six', 'the name of a package must start and end with a letter or digit'],
    ['../six', 'the name of a package must start and end with a letter or digit'],
    ['./six.whl', 'the name of a package must start and end with a letter or digit'],
    ['pakét', 'expected a version, ";" or "--hash" at "ét"'],
    ['six (>=1', 'expected ")" at the end'],
    ['six[a', 'expected "," or "]" at the end'],
    ['six[a,]', 'expected the name of an extra at "]"'],
    ['six;', 'expected a variable or a quoted string at the end'],
    ['six; python_version', 'expected a comparison at the end'],
    ['six; python_version > "3', 'expected the closing quote at the end'],
    ['six; (python_version > "3"', 'expected ")" at the end'],
    ['six; os_name not "nt"', 'expected a comparison at ""nt""'],
    ['six; os_name == " --index-url=x"', '" -" is not supported in a marker'],
    ['six; os_name == "${HOME}"', 'expected the closing quote at "${HOME}""'],
    ['six --hash=sha256', 'expected an algorithm and ":" at the end'],
    ['six --hash=sha256:${HOME}', 'expected a hash in hexadecimal digits at "${HOME}"'],
    ['six --hash=sha256:00 --pre', 'expected a version, ";" or "--hash" at "--pre"'],
    ['six --pre', 'expected a version, ";" or "--hash" at "--pre"'],
  ] as const)('%s is refused: %s', ([line, problem]) => {
    expect(requirementProblem(line)).toBe(problem);
  });

  // Python ends a line at each of these, so pip would read the rest as a separate line.
  test.for(['\n', '\r', '\v', '\f', '\u001C', '\u001D', '\u001E', '\u0085', '\u2028', '\u2029', '\0'])(
    'with %j in it is refused',
    (separator) => {
      for (const line of [
        `six${separator}--pre`,
        `six==1${separator}--pre`,
        `six; os_name == "nt"${separator}--pre`,
        `six; os_name == "${separator}--pre"`,
        `six --hash=sha256:00${separator}--pre`,
      ])
        expect(requirementProblem(line)).toMatch(/^expected .* at /);
    },
  );

  test('is refused at any length if only its last character is wrong', () => {
    expect(requirementProblem(`a${'!'.repeat(64)} §`)).toMatch(/^expected .* at /);
    const heads = ['', 'a', 'a[', 'a[b', 'a(', 'a==', 'a;', 'a; (', 'a; b == "', 'a --hash=', 'a --hash=a:'];
    const atoms = [
      '!',
      '=',
      '<',
      '~',
      '!=',
      '==1',
      '<1,',
      '<1 ',
      'a',
      '-',
      '.',
      '_',
      '*',
      ' ',
      '\t',
      '[',
      ']',
      ',',
    ];
    const others = [
      '(',
      ')',
      ';',
      '"',
      "'",
      'in ',
      'not ',
      ' and ',
      'a=="b" or ',
      ' --hash=a:0',
      '\u00A0',
      '0 ',
    ];
    const all = [...atoms, ...others];
    for (const head of heads) {
      for (const first of all) {
        for (const second of all) {
          const line = `${head}${(first + second).repeat(4000)} §`;
          expect(requirementProblem(line), `${head} ${first}${second}`).toBeTypeOf('string');
        }
      }
    }
  });
});

describe('requirements.txt', () => {
  test('may contain continued lines, comments, blank lines and a byte order mark', async () => {
    const content = `\uFEFF# all\r\n\r\nsix==1.17.0 \\\r\n    --hash=sha256:00 \\\n    --hash=sha256:01 # two\rabc # x \\\ny\n # c \\\n  d\\`;
    await expect(requirementsOf({ 'requirements.txt': content })).resolves.toEqual([
      'six==1.17.0      --hash=sha256:00      --hash=sha256:01',
      'abc',
      'd',
    ]);
  });

  test('may contain the hashes of a package with many files', async () => {
    const line = ['six==1.17.0', ...Array.from({ length: 200 }, () => `--hash=sha256:${digest}`)];
    const found = await requirementsOf({ 'requirements.txt': line.join(' \\\n    ') });
    expect(found[0]?.split(/ +/)).toEqual(line);
  });

  test('includes other files, each once', async () => {
    const files = {
      'requirements.txt': '-r more.txt\nsix',
      'more.txt': '--requirement=requirements.txt\nabc',
    };
    await expect(requirementsOf(files)).resolves.toEqual(['six', 'abc']);
  });

  test('counts as absent if it contains no requirements', async () => {
    await expect(requirementsOf({})).resolves.toEqual([]);
    await expect(requirementsOf({ 'requirements.txt': ' \n# nothing' })).resolves.toEqual([]);
  });

  test.for([
    [
      'a text that resembles a requirement',
      `six\n\na${'!'.repeat(64)} §`,
      /^"a!{64} §" in line 3 of requirements\.txt: not a valid requirement/,
    ],
    ['joined lines', 'six \\\n;\n\nb c', /^"six {2};" in line 1 of requirements\.txt: /],
    ['a long text', `b${'€'.repeat(500)}`, /^"b€{79}…" in line 1 of requirements\.txt: /],
    ['a long line', `\n${'a'.repeat(8193)}`, 'line 2 of requirements.txt is longer than 8192 characters'],
    [
      'many joined lines',
      `\nsix${' \\\n'.repeat(40_000)}`,
      'line 2 of requirements.txt is longer than 65536 characters',
    ],
    ['a large file', '\n'.repeat(1024 * 1024 + 1), 'requirements.txt is larger than 1048576 bytes'],
    [
      'many lines',
      'a\n'.repeat(10_001),
      'requirements.txt and the files it includes have more than 10000 requirements',
    ],
    ['a file that is missing', '-r more.txt', 'more.txt is not in the package'],
  ] as const)('is refused for %s', async ([, content, message]) => {
    await expect(requirementsOf({ 'requirements.txt': content })).rejects.toThrow(message);
  });

  test('is read as UTF-8, or as UTF-16 with a byte order mark, which PowerShell writes', async () => {
    const littleEndian = Buffer.from('\uFEFFsix==1.17.0\r\nidna==3.10\r\n', 'utf16le');
    const bigEndian = Buffer.from(littleEndian).swap16();
    for (const content of [littleEndian, bigEndian])
      await expect(requirementsOf({ 'requirements.txt': content })).resolves.toEqual([
        'six==1.17.0',
        'idna==3.10',
      ]);
    await expect(requirementsOf({ 'requirements.txt': Buffer.from([0x73, 0xb5, 0xa5]) })).rejects.toThrow(
      'requirements.txt is not UTF-8 text: save it as UTF-8',
    );
  });

  test('restricts versions by constraints, which are not requirements', async () => {
    const found = await read({
      'requirements.txt': '-c constraints.txt\nsix\n--constraint=more.txt --pre',
      'constraints.txt': 'six==1.16.0\n-r deep.txt\npywin32==306\n',
      'deep.txt': 'idna==3.10\n',
      'more.txt': '-c constraints.txt',
    });
    expect(found.requirements).toEqual(['six']);
    expect(found.constraints).toEqual(['six==1.16.0', 'pywin32==306', 'idna==3.10']);
    expect(found.flags).toEqual(['--pre']);
    expect(found.problems).toEqual([]);
  });

  test('includes files whose names are quoted or not ASCII', async () => {
    const files = { 'requirements.txt': '-r "依赖.txt"\n-rb.txt', '依赖.txt': 'six', 'b.txt': 'idna' };
    await expect(requirementsOf(files)).resolves.toEqual(['six', 'idna']);
  });

  test.for([
    ['-e ../lib', 'refused', /packages must come from the package index by name: write the name/],
    [
      '--editable git+https://example.com/a.git',
      'refused',
      /packages must come from the package index by name/,
    ],
    [
      '-i https://mirror.example/simple',
      'refused',
      /the index that the operator of this platform configured/,
    ],
    ['--extra-index-url=https://example.com', 'refused', /remove the line/],
    ['--find-links wheels/', 'refused', /remove the line/],
    ['--no-index', 'refused', /remove the line/],
    ['git+https://example.com/a.git', 'refused', /not from a URL: write the name and version/],
    ['six @ file:///tmp/six.whl', 'refused', /not from a URL/],
    ['./wheels/six.whl', 'refused', /not from a path/],
    ['-r https://example.com/list.txt', 'refused', /only files within the package can be included/],
    ['--global-option=x', 'refused', /pip options are not supported here/],
    ['--pre --proxy http://x', 'refused', /pip options are not supported here/],
    ['-r', 'refused', /pip options are not supported here/],
    ['-i https://pypi.org/simple', 'ignored', /remove the line/],
    ['--prefer-binary', 'ignored', /built packages are preferred/],
    ['--trusted-host example.com', 'ignored', /no effect/],
    ['--only-binary :all:', 'ignored', /built packages are preferred/],
    ['-e .', 'ignored', /the package itself is not installed/],
    ['.', 'ignored', /the package itself is not installed/],
  ] as const)('with the line %s: it is %s, with its number and the reason', async ([line, kind, reason]) => {
    const { requirements, problems } = await read({ 'requirements.txt': `six\n\n${line}\nidna` });
    expect(requirements).toEqual(['six', 'idna']);
    expect(problems).toEqual([
      { kind, file: 'requirements.txt', line: 3, text: line, reason: expect.stringMatching(reason) },
    ]);
    expect(problems.map(problemMessage)[0]).toContain(`"${line}" in line 3 of requirements.txt: `);
  });

  test('is refused if it includes too many files', async () => {
    const content = Array.from({ length: 20 }, (_, index) => `-r ${index}.txt`).join('\n');
    await expect(requirementsOf({ 'requirements.txt': content })).rejects.toThrow(
      'requirements.txt and the files it includes are more than 20 files',
    );
  });
});
