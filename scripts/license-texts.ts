/** The licenses of the packages that a bundle contains: most of them demand that copies of the code carry their text. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const packageFolder = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/;
const licenseFile = /^(?:licen[cs]e|copying|notice)/i;

interface PackageFacts {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

async function licenseText(folder: string): Promise<string> {
  const facts = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as PackageFacts;
  const files = (await readdir(folder)).filter((name) => licenseFile.test(name)).toSorted();
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  const heading = `${facts.name} ${facts.version} (${facts.license ?? 'see below'})`;
  return [heading, ...texts.map((text) => text.trim())].join('\n\n');
}

/**
 * @param modules paths of the files that a bundle was made from
 * @returns name, version and license of every package that they belong to, in alphabetical order
 */
export async function licenseTexts(modules: readonly string[]): Promise<string> {
  const folders = new Set(modules.flatMap((file) => packageFolder.exec(file)?.[0] ?? []));
  const texts = await Promise.all([...folders].toSorted().map((folder) => licenseText(folder)));
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
