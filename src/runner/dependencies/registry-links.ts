/** Where the answers of registries lead: their links, as those in a sandbox without a network can follow them. */

/** `"dist": {"tarball": "…"}` in the documents of npm registries, which may be many megabytes. */
const tarball = /("tarball"\s*:\s*)("(?:[^"\\]|\\.)*")/g;
const anchor = /(<a\b[^>]*?\bhref\s*=\s*)(?:"([^"]*)"|'([^']*)')/gi;
const base = /<base\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/i;

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

function decoded(text: string): string {
  return text.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity);
}

function encoded(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

/** What stands in place of a URL; undefined leaves it as it is. */
export type Replace = (url: URL) => string | undefined;

/** @param text document of a package in an npm registry */
export function replaceTarballs(text: string, replace: Replace): string {
  return text.replaceAll(tarball, (whole, before: string, quoted: string) => {
    const url = URL.parse(JSON.parse(quoted) as string);
    const local = url === null ? undefined : replace(url);
    return local === undefined ? whole : `${before}${JSON.stringify(local)}`;
  });
}

/**
 * @param html page of a project in a package index, or any page that names files
 * @param pageUrl where it was in the end
 */
export function replaceAnchors(html: string, pageUrl: URL, replace: Replace): string {
  const [, double, single] = base.exec(html) ?? [];
  const from = URL.parse(decoded(double ?? single ?? ''), pageUrl.href) ?? pageUrl;
  return html.replaceAll(anchor, (whole, before: string, quoted?: string, otherwise?: string) => {
    const url = URL.parse(decoded(quoted ?? otherwise ?? ''), from.href);
    const local = url === null ? undefined : replace(url);
    return local === undefined ? whole : `${before}"${encoded(local)}"`;
  });
}
