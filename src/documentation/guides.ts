/** Reads the guides, which are pages of `docs/`. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { guideGroups, type Guide, type GuideGroup } from './guide-list.ts';

const folder = path.resolve(import.meta.dirname, '../../docs');
/** Languages besides English that have some guides, each in a folder of that name. */
const translations: ReadonlySet<string> = new Set(['zh']);

const names = new Set<string>(Object.values(guideGroups).flat());

/**
 * A guide as Markdown.
 * @param language falls back to English if the guide is not translated
 * @returns undefined if there is no guide of that name
 */
export async function readGuide(name: string, language = 'en'): Promise<string | undefined> {
  if (!names.has(name)) return undefined;
  const file = `${name}.md`;
  if (translations.has(language)) {
    const translated = await readFile(path.join(folder, language, file), 'utf8').catch(() => undefined);
    // A translated page is served at the same path as the English one, so its relative links lose one level.
    if (translated !== undefined) return translated.replaceAll('](../', '](');
  }
  return readFile(path.join(folder, file), 'utf8');
}

/** All guides with their titles, in order. */
export async function listGuides(language = 'en'): Promise<Guide[]> {
  const entries = (Object.keys(guideGroups) as GuideGroup[]).flatMap((group) =>
    guideGroups[group].map(async (name): Promise<Guide> => {
      const markdown = (await readGuide(name, language)) ?? '';
      return { name, group, title: titleOf(markdown), summary: summaryOf(markdown) };
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
