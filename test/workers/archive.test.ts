import { randomBytes } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ChelaError } from '../../src/errors.ts';
import { unpackZip, zipFolder, type UnpackLimits } from '../../src/workers/archive.ts';
import { Findings } from '../../src/workers/findings.ts';
import { contentHash } from '../../src/workers/content-hash.ts';
import { folderWith, temporaryFolder } from './folders.ts';
import { hostileZip, type HostileEntry, type HostileOptions } from './hostile-zip.ts';

const mebibyte = 1024 * 1024;
const roomy: UnpackLimits = { unpackedBytes: 64 * mebibyte, files: 1000 };

interface Attempt {
  readonly folder: string;
  readonly destination: string;
  readonly error: unknown;
}

async function attempt(
  zip: Buffer,
  limits: UnpackLimits = roomy,
  findings = new Findings(),
): Promise<Attempt> {
  const folder = await temporaryFolder();
  const zipFile = path.join(folder, 'package.zip');
  await writeFile(zipFile, zip);
  const destination = path.join(folder, 'unpacked');
  const error = await unpackZip(zipFile, destination, limits, findings).catch((reason: unknown) => reason);
  return { folder, destination, error };
}

async function unpack(zip: Buffer, limits?: UnpackLimits, findings?: Findings): Promise<string> {
  const { destination, error } = await attempt(zip, limits, findings);
  expect(error).toBeUndefined();
  return destination;
}

/** Paths of all files and folders; executable files end in `*`, folders in `/`. */
async function tree(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = found.map(async (item) => {
    const place = path.join(item.parentPath, item.name);
    const { mode } = await stat(place);
    const mark = item.isDirectory() ? '/' : (mode & 0o111) !== 0 ? '*' : '';
    return `${path.relative(folder, place)}${mark}`;
  });
  return (await Promise.all(names)).toSorted();
}

/** The outcome for a changed zip: refused without a trace, unpacked to the known contents, or worse. */
async function outcome(zip: Buffer, contents: ReadonlySet<string>): Promise<string> {
  const { folder, destination, error } = await attempt(zip);
  if (error !== undefined) {
    const isClean = (await readdir(folder)).join() === 'package.zip';
    return error instanceof ChelaError && isClean ? 'refused' : `unclean: ${inspect(error)}`;
  }
  const files = (await tree(destination)).filter((name) => !name.endsWith('/'));
  const texts = await Promise.all(
    files.map((name) => readFile(path.join(destination, name.replace(/\*$/, '')), 'utf8')),
  );
  return texts.every((text) => contents.has(text)) ? 'unpacked' : 'unpacked to other contents';
}

const main: HostileEntry = { name: 'main.js', data: 'run()' };

describe('a hostile or broken zip is refused, and leaves nothing on disk:', () => {
  const cases: [
    title: string,
    message: RegExp,
    entries: HostileEntry[],
    options?: HostileOptions,
    limits?: Partial<UnpackLimits>,
  ][] = [
    ['path traversal', /"\.\.\/evil" leads out of the package/, [main, { name: '../evil' }]],
    ['traversal deep inside', /"a\/\.\.\/\.\.\/evil" leads out/, [main, { name: 'a/../../evil' }]],
    ['traversal that stays inside', /leads out/, [main, { name: 'a/../b' }]],
    ['traversal in a folder name', /leads out/, [main, { name: 'a/../../b/' }]],
    ['the name ..', /leads out/, [main, { name: '..' }]],
    ['an absolute path', /"\/etc\/passwd" has an absolute path/, [main, { name: '/etc/passwd' }]],
    ['two leading slashes', /absolute path/, [main, { name: '//host/share' }]],
    ['a drive letter', /"C:\/evil" starts with a drive letter/, [main, { name: 'C:/evil' }]],
    ['a drive letter without a slash', /drive letter/, [main, { name: 'c:evil' }]],
    ['a backslash from Unix', /backslash/, [main, { name: 'a\\b' }]],
    ['traversal by backslashes from Unix', /backslash/, [main, { name: '..\\evil' }]],
    ['traversal by backslashes from Windows', /leads out/, [main, { name: '..\\..\\evil', system: 0 }]],
    ['an absolute path of Windows', /absolute path/, [main, { name: '\\\\host\\share', system: 0 }]],
    ['a drive of Windows', /drive letter/, [main, { name: 'D:\\evil', system: 0 }]],
    ['a NUL in a name', /"main\.js\\u0000\.png" has a control character/, [{ name: 'main.js\0.png' }]],
    ['a line break in a name', /control character/, [main, { name: 'a\nb' }]],
    ['an empty name', /has no name/, [main, { name: '' }]],
    ['a name of dots and slashes', /has no name/, [main, { name: './/./' }]],
    ['a name that claims to be UTF-8', /not UTF-8/, [main, { name: Buffer.from([0xc3, 0x28]) }]],
    ['a name that is too long', /has a name that is too long/, [main, { name: 'x'.repeat(256) }]],
    ['a path that is too long', /has a name that is too long/, [main, { name: 'xyz/'.repeat(300) }]],
    [
      'a link to the outside',
      /"link" is a symbolic link/,
      [main, { name: 'link', mode: 0o120777, data: '/etc' }],
    ],
    [
      'a link upwards to the outside',
      /"lib\/link" is a symbolic link to "\.\.\/\.\.\/etc", which is outside the package/,
      [main, { name: 'lib/link', mode: 0o120777, data: '../../etc' }],
    ],
    [
      'a link to the outside through another link',
      /"b" is a symbolic link to "a\/\.\.\/\.\.\/etc", which is outside/,
      [
        main,
        { name: 'lib/x' },
        { name: 'a', mode: 0o120777, data: 'lib' },
        { name: 'b', mode: 0o120777, data: 'a/../../etc' },
      ],
    ],
    [
      'a link to nothing',
      /"link" is a symbolic link to "absent", which is not in the package/,
      [main, { name: 'link', mode: 0o120777, data: 'absent' }],
    ],
    [
      'links in a circle',
      /symbolic link to "b", which leads in a circle/,
      [main, { name: 'a', mode: 0o120777, data: 'b' }, { name: 'b', mode: 0o120777, data: 'a' }],
    ],
    [
      'a link to a folder whose copy passes the limit',
      /more than 3 files/,
      [main, { name: 'lib/a' }, { name: 'lib/b' }, { name: 'copy', mode: 0o120777, data: 'lib' }],
      {},
      { files: 3 },
    ],
    [
      'a link with the path of a file',
      /has two entries|twice|"main\.js"/,
      [main, { name: 'lib/a' }, { name: 'main.js', mode: 0o120777, data: 'lib/a' }],
    ],
    [
      'links that repeat a large file',
      /larger than 1000 bytes/,
      [main, { name: 'a', data: 'x'.repeat(600) }, { name: 'b', mode: 0o120777, data: 'a' }],
      {},
      { unpackedBytes: 1000 },
    ],
    ['a link that claims to be from FAT', /symbolic link/, [main, { name: 'a', mode: 0o120777, system: 0 }]],
    ['a character device', /device or another special/, [main, { name: 'null', mode: 0o020666 }]],
    ['a block device', /device or another special/, [main, { name: 'disk', mode: 0o060666 }]],
    ['a named pipe', /device or another special/, [main, { name: 'pipe', mode: 0o010666 }]],
    ['a socket', /device or another special/, [main, { name: 'socket', mode: 0o140666 }]],
    ['a folder with data', /both a file and a folder/, [main, { name: 'a/', data: 'x' }]],
    ['a file by name, a folder by mode', /both a file/, [main, { name: 'a', mode: 0o040755 }]],
    ['a duplicate name', /two entries "main\.js"/, [main, main]],
    ['one name in two notations', /the zip has two entries/, [main, { name: './/main.js' }]],
    [
      'names that differ in case',
      /"main\.js" and "MAIN\.JS" differ only in case/,
      [main, { name: 'MAIN.JS' }],
    ],
    ['folders that differ in case', /"Lib" and "lib" differ/, [{ name: 'Lib/a' }, { name: 'lib/b' }, main]],
    ['names that case-fold to one', /differ only in case/, [{ name: 'straße' }, { name: 'STRASSE' }]],
    [
      'names that differ in Unicode form',
      /differ only in case or Unicode form/,
      [{ name: 'caf\u00E9' }, { name: 'cafe\u0301' }],
    ],
    ['a file that is a folder too', /"a" is both a file and a folder/, [{ name: 'a' }, { name: 'a/b' }]],
    ['a folder that is a file too', /both a file and a folder/, [{ name: 'a/b' }, { name: 'a' }]],
    ['an encrypted entry', /"main\.js" is encrypted/, [{ ...main, flags: 0x801 }]],
    ['strong encryption', /strong encryption/, [{ ...main, flags: 0x841 }]],
    ['an unknown compression', /"main\.js" uses the compression method 14/, [{ ...main, method: 14 }]],
    ['no entries', /has no files/, []],
    ['only folders', /has no files/, [{ name: 'a/', mode: 0o040755 }]],
    ['only files that macOS adds', /has no files/, [{ name: '__MACOSX/._main.js' }, { name: '.DS_Store' }]],
    ['a wrong checksum', /"main\.js" is damaged: its checksum is wrong/, [{ ...main, crc: 1 }]],
    ['damaged data', /"main\.js" is damaged: invalid/, [{ ...main, packed: Buffer.from([7, 7, 7]) }]],
    ['data that ends early', /is damaged: unexpected end/, [{ ...main, declaredPackedBytes: 3 }]],
    ['fewer bytes than declared', /has fewer bytes/, [{ ...main, declaredBytes: 6 }]],
    ['more bytes than declared', /has more bytes than the zip declares/, [{ ...main, declaredBytes: 4 }]],
    ['stored data of a wrong size', /size mismatch/, [{ ...main, method: 0, declaredBytes: 4 }]],
    [
      'data beyond the end',
      /"main\.js" is damaged: file data overflows/,
      [{ ...main, declaredPackedBytes: 9999 }],
    ],
    [
      'an offset beyond the end',
      /"main\.js" is damaged: .*beyond the end/,
      [{ ...main, declaredOffset: 99_999 }],
    ],
    ['an offset into nowhere', /invalid local file header/, [{ ...main, declaredOffset: 3 }]],
    [
      'entries that share their bytes',
      /"(?:main\.js|copy\.js)" overlaps the entry/,
      [main, { ...main, name: 'copy.js', sharesDataOf: 0 }],
    ],
    [
      'an entry inside another',
      /"outer" overlaps the entry "inner"/,
      [
        { name: 'outer', method: 0, data: hostileZip([{ name: 'inner', data: 'x' }]) },
        // The local header of the entry above takes 30 bytes and its name 5.
        { name: 'inner', data: 'x', sharesDataOf: 0, declaredOffset: 35 },
      ],
    ],
    [
      'an entry that runs into the directory',
      /"main\.js" overlaps the zip's directory/,
      [{ ...main, declaredPackedBytes: 30 }],
    ],
    [
      'more entries than counted',
      /more entries than its directory declares/,
      [main, { name: 'b' }],
      { declaredCount: 1 },
    ],
    ['fewer entries than counted', /not a readable zip/, [main], { declaredCount: 2 }],
    ['a directory elsewhere', /not a readable zip/, [main], { directoryOffset: 1 }],
    ['a directory beyond the end', /beyond the end/, [main], { directoryOffset: 99_999 }],
    ['several disks', /multi-disk/, [main], { diskNumber: 1 }],
    ['a zip64 record beyond the end', /beyond the end/, [main], { zip64RecordOffset: 99_999n }],
    ['a zip64 record beyond 2^53', /beyond the end/, [main], { zip64RecordOffset: 2n ** 64n - 1n }],
    ['an invalid zip64 record', /invalid zip64/, [main], { zip64RecordOffset: 0n }],
    [
      'zip64 sizes beyond 2^53',
      /larger than|damaged/,
      [
        {
          ...main,
          declaredBytes: 0xffff_ffff,
          declaredPackedBytes: 0xffff_ffff,
          extraField: Buffer.concat([Buffer.from([1, 0, 16, 0]), Buffer.alloc(16, 0xff)]),
        },
      ],
    ],
    [
      'a zip64 offset beyond 2^53',
      /beyond the end/,
      [
        {
          ...main,
          declaredOffset: 0xffff_ffff,
          extraField: Buffer.concat([Buffer.from([1, 0, 8, 0]), Buffer.alloc(8, 0xff)]),
        },
      ],
    ],
    ['a broken extra field', /extra field/, [{ ...main, extraField: Buffer.from([1, 0, 99, 0]) }]],
    ['too many files', /more than 2 files/, [main, { name: 'b' }, { name: 'c' }], {}, { files: 2 }],
    ['too many folders', /more than 2 folders/, [{ name: 'a/b/c/d.js' }], {}, { files: 2 }],
    ['far too many entries', /more than 2 files/, [main], { declaredCount: 60_000 }, { files: 2 }],
    ['a file that is too large', /larger than 4 bytes/, [main], {}, { unpackedBytes: 4 }],
    [
      'files that are too large in total',
      /larger than 8 bytes/,
      [main, { name: 'b', data: 'four' }],
      {},
      { unpackedBytes: 8 },
    ],
    [
      'a file that is larger than declared and too large',
      /more bytes than the zip declares/,
      [{ name: 'main.js', data: Buffer.alloc(4 * mebibyte), declaredBytes: 10 }],
      {},
      { unpackedBytes: mebibyte },
    ],
    [
      'a bomb within the size limit',
      /"bomb" unpacks to more than 200 times its packed size/,
      [main, { name: 'bomb', data: Buffer.alloc(8 * mebibyte) }],
    ],
  ];

  test.each(cases)('%s', async (_title, message, entries, options = {}, limits = {}) => {
    const { folder, error } = await attempt(hostileZip(entries, options), { ...roomy, ...limits });
    expect(error).toBeInstanceOf(ChelaError);
    expect(error).toMatchObject({
      key: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
    expect(await readdir(folder)).toEqual(['package.zip']);
  });

  test('a file that is not a zip, an empty one, and every truncation of a valid zip', async () => {
    const good = hostileZip([main, { name: 'lib/a.js', data: 'a'.repeat(100) }]);
    const broken: Buffer[] = [Buffer.from('not a zip'), Buffer.alloc(0)];
    for (let length = 1; length < good.length; length += 7) broken.push(good.subarray(0, length));
    for (const zip of broken) {
      const { folder, error } = await attempt(zip);
      expect(error).toMatchObject({ key: 'INVALID_ARGUMENT' });
      expect(await readdir(folder)).toEqual(['package.zip']);
    }
  });

  test('a valid zip with any one byte changed unpacks to the same content or is refused', async () => {
    const contents = ['run()', 'a'.repeat(50)];
    const good = hostileZip(contents.map((data, index) => ({ name: `main${index}.js`, data })));
    const outcomes = await Promise.all(
      Array.from(good, (byte, index) =>
        outcome(Buffer.from(good).fill(byte ^ 0xff, index, index + 1), new Set(contents)),
      ),
    );
    expect(new Set(outcomes)).toEqual(new Set(['refused', 'unpacked']));
  });
});

describe('a valid zip', () => {
  test('unpacks files, folders and empty files, stored and deflated', async () => {
    const folder = await unpack(
      hostileZip([
        main,
        { name: 'data/', mode: 0o040755 },
        { name: 'data/empty' },
        { name: 'data/deep/stored', data: 'kept as it is', method: 0 },
        { name: 'nothing/', mode: 0o040755 },
      ]),
    );
    expect(await tree(folder)).toEqual([
      'data/',
      'data/deep/',
      'data/deep/stored',
      'data/empty',
      'main.js',
      'nothing/',
    ]);
    expect(await readFile(path.join(folder, 'main.js'), 'utf8')).toBe('run()');
    expect(await readFile(path.join(folder, 'data/deep/stored'), 'utf8')).toBe('kept as it is');
  });

  test('gets mode 0644, or 0755 for executables, and never more', async () => {
    const folder = await unpack(
      hostileZip([
        { name: 'main.py', mode: 0o100666 },
        { name: 'run.sh', mode: 0o100700 },
        { name: 'setuid', mode: 0o104777 },
        { name: 'plain', mode: 0 },
        { name: 'secret', mode: 0o100000 },
        { name: 'shut/', mode: 0o040000 },
      ]),
    );
    const modes = await Promise.all(
      ['main.py', 'run.sh', 'setuid', 'plain', 'secret', 'shut', '.'].map(
        async (name) => (await stat(path.join(folder, name))).mode & 0o7777,
      ),
    );
    expect(modes).toEqual([0o644, 0o755, 0o755, 0o644, 0o644, 0o755, 0o755]);
  });

  test('makes a Go entry executable even if a Windows zip lost the bit', async () => {
    const folder = await unpack(
      hostileZip([
        { name: 'main', mode: 0, system: 0 },
        { name: 'lib/main', mode: 0, system: 0 },
      ]),
    );
    expect(await tree(folder)).toEqual(['lib/', 'lib/main', 'main*']);
  });

  test('may separate folders by backslashes if made on Windows', async () => {
    const folder = await unpack(
      hostileZip([
        { name: 'main.py', system: 0 },
        { name: 'data\\', system: 0 },
        { name: 'data\\deep\\a.txt', system: 0 },
      ]),
    );
    expect(await tree(folder)).toEqual(['data/', 'data/deep/', 'data/deep/a.txt', 'main.py']);
  });

  test('may be zip64, have a comment and declare no encoding of names', async () => {
    const zip = hostileZip(
      [
        { ...main, flags: 0 },
        { name: 'données.json', flags: 0 },
      ],
      {
        zip64: true,
        comment: 'by a tool',
      },
    );
    expect(await tree(await unpack(zip))).toEqual(['données.json', 'main.js']);
  });

  test('may have file names in the DOS code page', async () => {
    const folder = await unpack(hostileZip([main, { name: Buffer.from([0x81]), flags: 0, system: 0 }]));
    expect(await tree(folder)).toEqual(['main.js', 'ü']);
  });

  test('has copies in place of links within the package', async () => {
    const folder = await unpack(
      hostileZip([
        main,
        { name: 'lib/run.sh', mode: 0o100755, data: 'run' },
        { name: 'lib/deep/a', data: 'a' },
        { name: 'bin/run', mode: 0o120777, data: '../lib/run.sh' },
        { name: 'again', mode: 0o120777, data: 'bin/run' },
        { name: 'copy', mode: 0o120777, data: './lib/deep/..' },
      ]),
    );
    expect((await tree(folder)).filter((name) => !name.endsWith('/'))).toEqual([
      'again*',
      'bin/run*',
      'copy/deep/a',
      'copy/run.sh*',
      'lib/deep/a',
      'lib/run.sh*',
      'main.js',
    ]);
    expect(await readFile(path.join(folder, 'again'), 'utf8')).toBe('run');
    expect((await lstat(path.join(folder, 'again'))).isFile()).toBe(true);
  });

  const installed = { name: 'package.json', data: '{"dependencies": {"ms": "2.1.3"}}' };
  const modules: HostileEntry[] = [
    { name: 'node_modules/', mode: 0o040755 },
    { name: 'node_modules/own/i.js', data: '' },
    { name: 'node_modules/.bin/ms', mode: 0o120777, data: '/outside' },
    ...Array.from({ length: 2000 }, (_, index) => ({ name: `node_modules/.pnpm/${index}` })),
  ];

  test('drops node_modules with a warning if package.json declares dependencies', async () => {
    const findings = new Findings();
    const folder = await unpack(hostileZip([main, installed, ...modules]), roomy, findings);
    expect(await tree(folder)).toEqual(['main.js', 'package.json']);
    expect(findings.warnings).toEqual([
      {
        file: 'node_modules/',
        message: expect.stringMatching(/^is left out: the dependencies in package\.json/),
      },
    ]);
  });

  test.each([
    ['there is no package.json', []],
    ['package.json declares none', [{ name: 'package.json', data: '{"dependencies": {}}' }]],
    ['package.json is broken', [{ name: 'package.json', data: '{' }]],
  ])('keeps node_modules if %s', async (_title, entries: HostileEntry[]) => {
    const findings = new Findings();
    const own = { name: 'node_modules/own/i.js', data: '' };
    const folder = await unpack(hostileZip([main, own, ...entries]), roomy, findings);
    expect(await tree(folder)).toContain('node_modules/own/i.js');
    expect(findings.warnings).toEqual([]);
  });

  test('drops Python virtual environments, recognized by pyvenv.cfg, whatever their name', async () => {
    const findings = new Findings();
    const folder = await unpack(
      hostileZip([
        { name: 'main.py' },
        { name: 'my-env/pyvenv.cfg' },
        { name: 'my-env/lib/six.py' },
        { name: 'my-env/bin/python', mode: 0o120777, data: '/usr/bin/python3' },
        { name: 'my-environment/a.py' },
        { name: 'python', mode: 0o120777, data: 'my-env/bin/python' },
      ]),
      roomy,
      findings,
    );
    // A link into a folder that is left out is left out too.
    expect(await tree(folder)).toEqual(['main.py', 'my-environment/', 'my-environment/a.py']);
    expect(findings.warnings).toEqual([
      {
        file: 'my-env/',
        message: expect.stringMatching(/^is left out: .* requirements\.txt or pyproject\.toml/),
      },
    ]);
  });

  test.each<[string, string, string]>([
    ['GBK', 'd6d0b9fa2fcafdbedd2e6a736f6e', '中国/数据.json'],
    ['Shift-JIS', '8366815b835e2e6a736f6e', 'データ.json'],
    ['Shift-JIS', '955c8ea62e747874', '表示.txt'],
  ])(
    'may have names in %s, with a warning that the encoding was guessed',
    async (codePage, bytes, expected) => {
      const findings = new Findings();
      const name = Buffer.from(bytes, 'hex');
      const folder = await unpack(hostileZip([main, { name, flags: 0, system: 0 }]), roomy, findings);
      expect(await tree(folder)).toContain(expected);
      expect(findings.warnings).toEqual([
        { file: 'package', message: expect.stringContaining(`read as ${codePage}: `) },
      ]);
    },
  );

  test('drops the files that operating systems and Python add', async () => {
    const folder = await unpack(
      hostileZip([
        main,
        { name: '._main.js', data: 'x' },
        { name: 'desktop.ini', data: 'x' },
        { name: 'lib/Thumbs.db', data: 'x' },
        { name: '__pycache__/main.cpython-311.pyc', data: 'x' },
        { name: '.DS_Store', data: 'x' },
        { name: 'lib/.DS_Store', data: 'x' },
        { name: '__MACOSX/', mode: 0o040755 },
        { name: '__MACOSX/._main.js', data: 'x' },
      ]),
    );
    expect(await tree(folder)).toEqual(['main.js']);
  });

  test('may reach the limits exactly', async () => {
    const zip = hostileZip([main, { name: 'b', data: 'four' }]);
    expect(await tree(await unpack(zip, { unpackedBytes: 9, files: 2 }))).toEqual(['b', 'main.js']);
  });

  test('may contain a small file with any compression ratio', async () => {
    const zip = hostileZip([main, { name: 'zeros', data: Buffer.alloc(mebibyte) }]);
    expect(await tree(await unpack(zip))).toEqual(['main.js', 'zeros']);
  });

  test.each<[string, string[], string[]]>([
    ['of GitHub', ['repo-main/', 'repo-main/main.py', 'repo-main/lib/a.py'], ['lib/', 'lib/a.py', 'main.py']],
    ['of macOS', ['worker/main.js', '__MACOSX/worker/._main.js', '.DS_Store'], ['main.js']],
    [
      'in another folder',
      ['release/worker/main.py', 'release/worker/lib/a.py'],
      ['lib/', 'lib/a.py', 'main.py'],
    ],
    ['beside what Windows and macOS add', ['w/main.js', '._w', 'desktop.ini'], ['main.js']],
    ['of a compiled worker', ['worker/main', 'worker/input_schema.json'], ['input_schema.json', 'main*']],
    [
      'of a worker with package.json',
      ['w/package.json', 'w/src/index.js'],
      ['package.json', 'src/', 'src/index.js'],
    ],
  ])('drops a single outer folder: %s', async (_title, names, expected) => {
    const zip = hostileZip(names.map((name) => ({ name, mode: name.endsWith('/') ? 0o040755 : 0o100644 })));
    expect(await tree(await unpack(zip))).toEqual(expected);
  });

  test.each<[string, string[]]>([
    ['there is a file beside it', ['worker/main.js', 'README.md']],
    ['there are two of them', ['one/main.js', 'two/main.js']],
    ['it contains no entry', ['src/lib/main.js', 'src/notes.txt']],
  ])('keeps its folders if %s', async (_title, names) => {
    const folder = await unpack(hostileZip(names.map((name) => ({ name }))));
    expect((await tree(folder)).filter((name) => !name.endsWith('/'))).toEqual(names.toSorted());
  });

  test('reports file system errors unchanged, and still cleans up', async () => {
    const folder = await temporaryFolder();
    const destination = path.join(folder, 'unpacked');
    await expect(unpackZip(path.join(folder, 'absent.zip'), destination, roomy)).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('is never unpacked over existing files', async () => {
    const destination = await folderWith({ 'keep.txt': 'mine' });
    const zipFile = path.join(await temporaryFolder(), 'package.zip');
    await writeFile(zipFile, hostileZip([main]));
    await expect(unpackZip(zipFile, destination, roomy)).rejects.toThrow('empty folder only');
    expect(await tree(destination)).toEqual(['keep.txt']);
  });
});

describe('zipping a folder', () => {
  test('contains the same files, without those that do not belong to a package', async () => {
    const folder = await folderWith({
      'main.py': 'print(1)',
      'run.log': 'part of the package',
      'lib/a b.py': 'ü',
      'node_modules/x/index.js': '',
      '.git/HEAD': '',
      '.DS_Store': '',
      'lib/__pycache__/a.pyc': '',
      '.chela/state': '',
      '.venv/bin/python': '',
    });
    await chmod(path.join(folder, 'lib/a b.py'), 0o755);
    const unpacked = await unpack(await buffer(await zipFolder(folder)));
    expect(await tree(unpacked)).toEqual(['lib/', 'lib/a b.py*', 'main.py', 'run.log']);
    expect(await readFile(path.join(unpacked, 'lib/a b.py'), 'utf8')).toBe('ü');
  });

  test('produces the same bytes whatever the file times', async () => {
    const folder = await folderWith({ 'main.js': 'run()', 'b/c.js': 'c' });
    const before = await buffer(await zipFolder(folder));
    await utimes(path.join(folder, 'main.js'), 1, 1);
    expect(await buffer(await zipFolder(folder))).toEqual(before);
  });

  test('packs a link inside the folder as a copy', async () => {
    const folder = await folderWith({ 'main.js': 'run()' });
    await symlink('main.js', path.join(folder, 'start.js'));
    const unpacked = await unpack(await buffer(await zipFolder(folder)));
    expect(await readFile(path.join(unpacked, 'start.js'), 'utf8')).toBe('run()');
  });

  test.each<[string, string, RegExp]>([
    ['leaves the folder', '/etc/hostname', /"link" is a link to a place outside the folder/],
    ['leaves the folder upwards', '..', /is a link to a place outside the folder/],
    ['leads nowhere', 'absent', /is a broken link/],
    ['leads to itself', 'link', /is a broken link/],
  ])('refuses a link that %s', async (_title, target, message) => {
    const folder = await folderWith({ 'main.js': '', 'lib/a.js': '' });
    await symlink(target, path.join(folder, 'link'));
    await expect(zipFolder(folder)).rejects.toThrow(message);
  });

  test.skipIf(process.platform === 'darwin')('refuses a name that is not UTF-8', async () => {
    const folder = await folderWith({ 'main.js': '' });
    await writeFile(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.of(0xe9)]), '');
    await expect(zipFolder(folder)).rejects.toThrow('the name of "caf\uFFFD" is not UTF-8; rename it');
  });

  test('refuses a folder without files', async () => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, 'node_modules'));
    await expect(zipFolder(folder)).rejects.toThrow('has no files');
  });

  test('fails the stream if a file vanishes meanwhile', async () => {
    const folder = await folderWith({ 'big.bin': randomBytes(4 * mebibyte), 'main.js': '' });
    const zip = await zipFolder(folder);
    // The first file fills the stream's buffers, so the second is not open yet.
    await rm(path.join(folder, 'main.js'));
    await expect(buffer(zip)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('can be canceled half-way', async () => {
    const folder = await folderWith({ 'main.js': Buffer.alloc(4 * mebibyte, 'abc') });
    const zip = await zipFolder(folder);
    for await (const chunk of zip) {
      expect(chunk).toBeInstanceOf(Buffer);
      break;
    }
    expect(zip.destroyed).toBe(true);
  });
});

describe('the content hash', () => {
  const files = [main, { name: 'lib/a.js', data: 'a' }, { name: 'run.sh', mode: 0o100755 }];

  test('does not depend on file times, order or compression', async () => {
    const one = await unpack(hostileZip(files));
    const other = await unpack(
      hostileZip(files.toReversed().map((entry) => ({ ...entry, method: 0, time: 0x5a21_1234 }))),
    );
    expect(await contentHash(one)).toMatch(/^[0-9a-f]{64}$/);
    expect(await contentHash(other)).toBe(await contentHash(one));
  });

  test('survives zipping and unpacking a folder', async () => {
    const folder = await unpack(hostileZip(files));
    const again = await unpack(await buffer(await zipFolder(folder)));
    expect(await contentHash(again)).toBe(await contentHash(folder));
  });

  test.each<[string, HostileEntry[]]>([
    ['a byte', [{ ...main, data: 'Run()' }]],
    ['a name', [{ ...main, name: 'main.py' }]],
    ['the executable bit', [{ ...main, mode: 0o100755 }]],
    ['another file', [main, { name: 'b' }]],
    ['a folder', [{ name: 'a/main.js', data: 'run()' }, { name: 'b' }]],
  ])('changes with %s', async (_title, changed) => {
    const before = await contentHash(await unpack(hostileZip([main])));
    expect(await contentHash(await unpack(hostileZip(changed)))).not.toBe(before);
  });

  test('distinguishes names and contents that concatenate to the same bytes', async () => {
    const one = await contentHash(await folderWith({ ab: 'c', d: '' }));
    const other = await contentHash(await folderWith({ a: 'bc', d: '' }));
    expect(one).not.toBe(other);
  });

  test('refuses links', async () => {
    const folder = await folderWith({ 'main.js': '' });
    await symlink('main.js', path.join(folder, 'link'));
    await expect(contentHash(folder)).rejects.toThrow('"link" is a symbolic link');
  });
});
