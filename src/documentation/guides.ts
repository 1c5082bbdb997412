/** Reads the guides, which are pages of `docs/`. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { guideGroups, type Guide, type GuideGroup } from './guide-list.ts';

const folder = path.resolve(import.meta.dirname, '../../docs');
/** Languages besides English that have some guides, each in a folder of that name. */
const translations: ReadonlySet<string> = new Set(['zh']);

const names = new Set<string>(Object.values(guideGroups).flat());

/** The address in the examples of the files: the one of an installation with default settings. */
const defaultAddress = 'http://127.0.0.1:8080';

interface Reader {
  /** Guides that are not translated are in English. */
  readonly language?: string;
  /** Scheme and host of this installation, for the examples. */
  readonly origin?: string;
}

interface GuideText {
  readonly markdown: string;
  readonly isTranslated: boolean;
}

/** @returns undefined if the guide is not translated into the language */
async function readTranslation(file: string, language: string): Promise<string | undefined> {
  if (!translations.has(language)) return undefined;
  const text = await readFile(path.join(folder, language, file), 'utf8').catch(() => undefined);
  // A translated page is served at the same path as the English one, so its relative links lose one level.
  return text?.replaceAll('](../', '](');
}

async function readText(
  name: string,
  { language = 'en', origin = defaultAddress }: Reader,
): Promise<GuideText> {
  const file = `${name}.md`;
  const translation = await readTranslation(file, language);
  const markdown = translation ?? (await readFile(path.join(folder, file), 'utf8'));
  return {
    markdown: markdown.replaceAll(defaultAddress, () => origin),
    isTranslated: language === 'en' || translation !== undefined,
  };
}

/** A guide as Markdown. @returns undefined if there is no guide of that name */
export async function readGuide(name: string, reader: Reader = {}): Promise<string | undefined> {
  return names.has(name) ? (await readText(name, reader)).markdown : undefined;
}

/** All guides with their titles, in order. */
export async function listGuides(reader: Reader = {}): Promise<Guide[]> {
  const entries = (Object.keys(guideGroups) as GuideGroup[]).flatMap((group) =>
    guideGroups[group].map(async (name): Promise<Guide> => {
      const { markdown, isTranslated } = await readText(name, reader);
      return { name, group, title: titleOf(markdown), summary: summaryOf(markdown), isTranslated };
    }),
  );
  return Promise.all(entries);
}

function titleOf(markdown: string): string {
  return /^# (.+)$/m.exec(markdown)?.[1] ?? '';
}

/** The first sentence after the title, without markup. */
function summaryOf(markdown: string): string {
  const [, paragraph = ''] = /^# [^\n]+\n\n(.+?)(?:\n\n|$)/s.exec(markdown) ?? [];
  const plain = paragraph.replaceAll(/\[([^[\]]*)\]\([^()]*\)|[`*]/g, '$1').replaceAll('\n', ' ');
  return /^.+?(?:[.:](?= |$)|[。：])/.exec(plain)?.[0].replace(/[:：]$/, '.') ?? plain;
}
