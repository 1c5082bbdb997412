/** Templates of workers and the files of the SDK. A template is stored without the SDK, which is added when it is used. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { listPackageFiles, type PackageFile } from '../workers/workers.ts';
import {
  templateKinds,
  templateLanguages,
  type SdkLanguage,
  type TemplateKind,
  type TemplateLanguage,
  type TemplateName,
} from './template-names.ts';

const root = path.resolve(import.meta.dirname, '../..');
const templateFolder = path.join(root, 'templates');
const sdkFolder = path.join(root, 'sdk');

export interface Template {
  readonly name: TemplateName;
  readonly language: TemplateLanguage;
  readonly kind: TemplateKind;
  readonly title: string;
  readonly description: string;
}

const languageTitles: Readonly<Record<TemplateLanguage, string>> = {
  node: 'Node',
  typescript: 'TypeScript',
  python: 'Python',
};

const kinds: Readonly<Record<TemplateKind, { title: string; description: string }>> = {
  plain: {
    title: 'plain',
    description: 'Reads its input, stores a row for each item and writes to the log.',
  },
  http: { title: 'HTTP', description: "Reads pages through the run's proxy." },
  browser: { title: 'browser', description: 'Opens pages in a browser of the platform.' },
};

export const templates: readonly Template[] = templateLanguages.flatMap((language) =>
  templateKinds.map((kind): Template => ({
    name: `${language}-${kind}`,
    language,
    kind,
    title: `${languageTitles[language]}, ${kinds[kind].title}`,
    description: kinds[kind].description,
  })),
);

/** SDK files that stand beside the entry of a worker. The Go SDK is a package that is compiled in. */
const sdkPatterns: Readonly<Record<SdkLanguage, RegExp>> = {
  node: /^sdk\w*\.js$/,
  python: /^sdk\w*\.py$/,
  go: /^(?!example\/)/,
};

const sdkOf: Readonly<Record<TemplateLanguage, SdkLanguage>> = {
  node: 'node',
  typescript: 'node',
  python: 'python',
};

const options = { links: 'refuse', leftOut: new Set(['__pycache__', 'node_modules']) } as const;

/** The files of the SDK, to be placed at the root of a worker. */
export async function sdkFiles(language: SdkLanguage): Promise<PackageFile[]> {
  const files = await listPackageFiles(path.join(sdkFolder, language), options);
  return files.filter(({ path: file }) => sdkPatterns[language].test(file));
}

/** The files of a template with the SDK, sorted by path. */
export async function templateFiles({ language, kind }: Template): Promise<PackageFile[]> {
  const lists = await Promise.all([
    listPackageFiles(path.join(templateFolder, 'kinds', kind), options),
    listPackageFiles(path.join(templateFolder, language, kind), options),
    sdkFiles(sdkOf[language]),
  ]);
  return lists.flat().toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

export interface TemplateText {
  readonly path: string;
  readonly content: string;
}

/** The contents of a template's files, which are all text. */
export async function templateTexts(template: Template): Promise<TemplateText[]> {
  const files = await templateFiles(template);
  return Promise.all(
    files.map(async ({ path: file, location }) => ({
      path: file,
      content: await readFile(location, 'utf8'),
    })),
  );
}
