/** Creates the folder of a worker from a template. */
import { constants } from 'node:fs';
import { copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../host/make-folder.ts';
import { templates, templateFiles } from '../templates/templates.ts';
import { CommandError } from './command-error.ts';
import { print } from './printing.ts';

export interface InitFlags {
  readonly template: string;
}

/** What an empty folder may contain: an empty repository. */
const ignored: ReadonlySet<string> = new Set(['.git']);

/** @throws CommandError if there is no such template, or the folder is not empty or cannot be written */
export async function createWorkerFolder(folder: string, flags: InitFlags): Promise<void> {
  const template = templates.find(({ name }) => name === flags.template);
  if (template === undefined) {
    const names = templates.map(({ name }) => name).join(', ');
    throw new CommandError(`there is no template ${JSON.stringify(flags.template)}; choose one of ${names}`);
  }
  const files = await templateFiles(template);
  try {
    await makeFolder(path.resolve(folder));
    const found = (await readdir(folder)).filter((name) => !ignored.has(name));
    if (found.length > 0)
      throw new CommandError(`${folder} is not empty: choose a folder that is empty or does not exist`);
    for (const { path: file, location } of files) {
      const place = path.join(folder, file);
      await makeFolder(path.dirname(path.resolve(place)));
      await copyFile(location, place, constants.COPYFILE_EXCL);
    }
  } catch (error) {
    if (error instanceof CommandError || !(error instanceof Error && 'syscall' in error)) throw error;
    throw new CommandError(`${folder} cannot be created: ${error.message}`);
  }
  for (const { path: file } of files) await print(`  ${file}`);
  await print(`${folder} is a worker now (${template.title}). Publish it: npx chela push ${folder}`);
}
